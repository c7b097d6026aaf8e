/**
 * The addon for this Node. The package's own entry would load an imitation on top of `ws` where it cannot load this, and that is not
 * what is to be measured.
 */
export const UWS = `@trufflesuite/uws-js-unofficial/binaries/uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
