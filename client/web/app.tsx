export function App() {
  return <main>Carillon</main>;
}
