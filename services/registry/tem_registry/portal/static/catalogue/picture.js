// A picture larger than what is taken is drawn smaller before it is sent; without this script the
// server says what is too large.
const MOST_BYTES = 5 * 1024 * 1024;
const LONGEST_SIDE = 2400;

async function smaller(file) {
  const drawn = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(drawn.width, drawn.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(drawn.width * scale);
  canvas.height = Math.round(drawn.height * scale);
  canvas.getContext("2d").drawImage(drawn, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  return new File([blob], "picture.jpg", { type: "image/jpeg" });
}

const field = document.getElementById("picture");
field.addEventListener("change", async () => {
  const [file] = field.files;
  if (!file || file.size <= MOST_BYTES) return;
  const button = field.form.querySelector("button");
  button.disabled = true; // what is sent meanwhile would be too large
  try {
    const sent = new DataTransfer();
    sent.items.add(await smaller(file));
    field.files = sent.files;
  } catch {
    // not a picture that this browser can draw: the server says so
  } finally {
    button.disabled = false;
  }
});
