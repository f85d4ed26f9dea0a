// The rear camera: opened, lit, let go. Problems are thrown as Errors whose message is the code.

// 16 mm of paper at 15 cm are 4 pixels a module at this size, and 2.7 at 720 lines: too few.
const WANTED = {
  audio: false,
  video: { facingMode: { ideal: "environment" }, width: { ideal: 1920 }, height: { ideal: 1080 } },
};
const REFUSED = ["NotAllowedError", "SecurityError"];

/** A running camera's stream. Throws `insecure_page`, `camera_refused`, `camera_missing`. */
export async function openCamera() {
  if (!window.isSecureContext) throw new Error("insecure_page");
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("camera_missing");
  try {
    return await navigator.mediaDevices.getUserMedia(WANTED);
  } catch (error) {
    throw new Error(REFUSED.includes(error.name) ? "camera_refused" : "camera_missing");
  }
}

/** Let the camera go: its lamp goes out. */
export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Whether the camera has a light that can be switched. */
export function hasLight(stream) {
  return Boolean(stream.getVideoTracks()[0]?.getCapabilities?.().torch);
}

/** Switch the light; a telephone that refuses stays as it is. */
export async function setLight(stream, on) {
  await stream.getVideoTracks()[0]?.applyConstraints({ advanced: [{ torch: on }] }).catch(() => {});
}
