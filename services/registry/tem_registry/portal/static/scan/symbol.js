// Pictures into the text of a QR symbol. Which sizes are tried was measured: docs/adr/0027.

import { binarize, grayscale } from "./nuintun-qrcode-5.0.3/binarizer/index.js";
import { Decoder } from "./nuintun-qrcode-5.0.3/decoder/Decoder.js";
import { Detector } from "./nuintun-qrcode-5.0.3/detector/Detector.js";

// A dark or blurred symbol that is missed as it is comes out smaller, so frames take turns.
const FRAME_SCALES = [1, 0.7];
const LARGEST_FRAME = 1080;
const PHOTO_SIDES = [1600, 1080, 2400, 720];
const canvas = document.createElement("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });

/** The text of the symbol in the middle of a video, or null. `turn` counts the frames. */
export function readFrame(video, turn) {
  const { videoWidth: width, videoHeight: height } = video;
  const side = Math.min(width, height);
  const scale = FRAME_SCALES[turn % FRAME_SCALES.length];
  const drawn = Math.round(Math.min(side, LARGEST_FRAME) * scale);
  const place = [(width - side) / 2, (height - side) / 2, side, side];
  return textIn(video, place, drawn, drawn);
}

/** The text of the symbol in a picture that somebody chose, or null. */
export async function readPicture(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (picture === null) return null;
  const { width, height } = picture;
  let text = null;
  for (const side of PHOTO_SIDES) {
    const scale = side / Math.max(width, height);
    const size = [width, height].map((pixels) => Math.max(1, Math.round(pixels * scale)));
    text ??= textIn(picture, [0, 0, width, height], ...size);
    if (text !== null) break;
    await new Promise((resolve) => setTimeout(resolve)); // the page stays alive between sizes
  }
  picture.close();
  return text;
}

function textIn(source, place, width, height) {
  Object.assign(canvas, { width, height });
  pen.imageSmoothingQuality = "high";
  pen.drawImage(source, ...place, 0, 0, width, height);
  return decoded(pen.getImageData(0, 0, width, height));
}

/** The text of the first symbol that can be read; where there seems to be one, there may be none. */
function decoded({ data, width, height }) {
  const places = new Detector().detect(
    binarize(grayscale({ data, width, height }), width, height),
  );
  for (const place of places) {
    try {
      return new Decoder().decode(place.matrix).content;
    } catch {
      // too damaged, or no symbol: the next place
    }
  }
  return null;
}
