// Makes the form easier; without it the form works as it stands. It runs on this page alone.
const MOST_PIXELS = 1600;
const SMALL_ENOUGH = 400_000;
const one = (id) => document.getElementById(id);
const [form, photo, send] = [document.querySelector("form"), one("photo"), one("send")];
const [box, locate, unlocate, said, lat, lng] =
  ["position", "locate", "unlocate", "said", "lat", "lng"].map(one);

// A place, only when it is asked for by touch, and rounded before it leaves the phone.
function show(words, located) {
  said.textContent = words;
  locate.hidden = located;
  unlocate.hidden = !located;
}

function found({ coords }) {
  lat.value = coords.latitude.toFixed(3);
  lng.value = coords.longitude.toFixed(3);
  show(`${box.dataset.located} ${lat.value}, ${lng.value}`, true);
}

if ("geolocation" in navigator) {
  box.hidden = false;
  show(said.textContent, lat.value !== "");
  locate.addEventListener("click", () => {
    show(box.dataset.locating, false);
    const failed = () => show(box.dataset.failed, false);
    navigator.geolocation.getCurrentPosition(found, failed, { timeout: 15_000, maximumAge: 60_000 });
  });
  unlocate.addEventListener("click", () => {
    lat.value = lng.value = "";
    show("", false);
    locate.focus();
  });
}

// A photo is made small here: it is sent in seconds where the signal is bad, and without what the
// camera wrote into the file. One that cannot be read here is sent as it is.
async function smaller(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, MOST_PIXELS / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const drawn = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  return new File([drawn], "photo.jpg", { type: "image/jpeg" });
}

let shrinking = Promise.resolve();
photo.addEventListener("change", () => {
  const file = photo.files[0];
  if (!file || file.size <= SMALL_ENOUGH) return;
  shrinking = smaller(file)
    .then((small) => {
      const chosen = new DataTransfer();
      chosen.items.add(small);
      if (photo.files[0] === file && small.size < file.size) photo.files = chosen.files;
    })
    .catch(() => {});
});

// One touch sends once; the words on the button say that it is under way.
const words = send.textContent;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (send.disabled) return;
  send.disabled = true;
  send.textContent = form.dataset.sending;
  shrinking.then(() => form.submit());
});
addEventListener("pageshow", () => {
  send.disabled = false;
  send.textContent = words;
});
