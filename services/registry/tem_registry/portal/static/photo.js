// A picture chosen in a field with `data-most` (bytes that are taken) is made smaller before it is
// sent: most photos from a telephone are larger than that, and a bad line is slow. What is hidden
// in the file (place, device) does not go along. Without this script the server says what is too
// large.

const LONGEST_SIDE = 2400;
const GOOD_ENOUGH = 1_000_000; // bytes; below it a picture goes as it is
const QUALITY = 0.85;

async function smaller(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const paper = canvas.getContext("2d");
  paper.fillStyle = "white"; // under what is transparent, which JPEG would show black
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  return new File([blob], "photo.jpg", { type: "image/jpeg" });
}

function say(input, name) {
  for (const line of document.querySelectorAll(`[data-photo-of="${input.id}"] [data-said]`)) {
    line.hidden = line.dataset.said !== name;
  }
}

async function sendSmaller(input, file) {
  const small = await smaller(file);
  if (small.size >= file.size) return false;
  const list = new DataTransfer();
  list.items.add(small);
  input.files = list.files;
  return true;
}

async function chosen(input) {
  const [file] = input.files;
  say(input, "");
  if (!file || file.size <= GOOD_ENOUGH) return;
  const button = input.form.querySelector("button:not([type=button])");
  button.disabled = true; // what is sent meanwhile would be the large one
  try {
    if (await sendSmaller(input, file)) return say(input, "smaller");
  } catch {
    // No picture that this browser can read: the registry says what is wrong with it.
  } finally {
    button.disabled = false;
  }
  if (file.size > Number(input.dataset.most)) say(input, "too-large");
}

for (const input of document.querySelectorAll("input[type=file][data-most]")) {
  input.addEventListener("change", () => chosen(input));
}
