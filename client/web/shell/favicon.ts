const SIZE = 64;

/** Shows a count over the page's icon, or a dot for what need not be counted. */
export interface Favicon {
  show(mark: number | "dot"): void;
}

/** Draws over the icon that the page came with; without it, or without a canvas, that one stays as it is. */
export function createFavicon(): Favicon {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const plain = link?.href ?? "";
  const image = new Image(SIZE, SIZE);
  let wanted: number | "dot" = 0;
  let isLoaded = false;
  image.addEventListener("load", () => {
    isLoaded = true;
    draw();
  });
  image.src = plain;

  function draw(): void {
    if (!link) return;
    const drawn = wanted === 0 || !isLoaded ? undefined : drawMarked(image, wanted);
    link.type = drawn === undefined ? "image/svg+xml" : "image/png";
    link.href = drawn ?? plain;
  }

  return {
    show(mark) {
      if (mark === wanted) return;
      wanted = mark;
      draw();
    },
  };
}

function drawMarked(image: HTMLImageElement, mark: number | "dot"): string | undefined {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const context = canvas.getContext("2d");
  if (!context) return undefined;
  context.drawImage(image, 0, 0, SIZE, SIZE);
  const radius = mark === "dot" ? 12 : 20;
  const [x, y] = [SIZE - radius, radius];
  // A gap around it, so that it stands out from the icon on any ground.
  disc(context, x, y, radius + 4, "destination-out", "#000");
  disc(context, x, y, radius, "source-over", "#c62f26");
  if (mark !== "dot") {
    context.fillStyle = "#fff";
    context.font = `bold ${mark > 9 ? 24 : 30}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(mark > 9 ? "9+" : String(mark), x, y + 2);
  }
  return canvas.toDataURL("image/png");
}

function disc(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  how: GlobalCompositeOperation,
  color: string,
): void {
  context.globalCompositeOperation = how;
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
