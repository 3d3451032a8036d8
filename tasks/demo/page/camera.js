"use strict";
// The camera: one frame after another, as fast as they are answered.

class Camera {
  #video;
  #stream = null;

  constructor(video) {
    this.#video = video;
  }

  get running() {
    return this.#stream !== null;
  }

  /**
   * Begin to show the camera.
   *
   * @throws {Error} with words for the person who wanted it
   */
  async start() {
    if (!navigator.mediaDevices) {
      throw new Error("This browser gives no camera to a page that was opened from a file.");
    }
    try {
      const wanted = { facingMode: "environment", width: { ideal: 640 }, height: { ideal: 480 } };
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      this.#video.srcObject = this.#stream;
      await this.#video.play();
    } catch (error) {
      this.stop();
      throw new Error(REFUSALS[error.name] ?? `The camera cannot be used: ${error.message}`);
    }
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
  }

  /**
   * Call `answer` with a bitmap of each frame, and wait for it, until the camera stops.
   *
   * @throws {Error} with words for the person, where the camera is lost
   */
  async each(answer) {
    const stream = this.#stream;
    const [track] = stream.getVideoTracks();
    while (this.#stream === stream) {
      if (track.readyState === "ended") throw new Error("The camera went away.");
      await new Promise((resolve) => requestAnimationFrame(resolve));
      if (this.#stream !== stream) return;
      if (this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) continue;
      await answer(await createImageBitmap(this.#video));
    }
  }
}

const REFUSALS = {
  NotAllowedError: "The camera was refused. Allow it beside the browser's address, then try again.",
  NotFoundError: "No camera was found. Connect one, then try again.",
  NotReadableError: "The camera is in use by another program. Close that, then try again.",
};
