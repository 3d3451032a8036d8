"use strict";
// Where the picture is shown: a photograph or the camera, with what the answers draw over it.

class Stage {
  #element = document.getElementById("stage");
  #still = document.getElementById("still");
  #film = document.getElementById("film");
  #frame = document.getElementById("frame");
  #overlay = document.getElementById("overlay");
  #seen = document.getElementById("seen");

  /** Show a photograph. */
  photograph({ name, address, width, height }) {
    this.#still.src = address;
    this.#still.alt = `The photograph ${name}`;
    this.#fit(width, height);
    this.#show("photograph");
  }

  /** Show the camera. */
  camera() {
    this.#fit(this.#film.videoWidth, this.#film.videoHeight);
    this.#show("camera");
  }

  empty() {
    this.#show("empty");
  }

  /** Put what the answers draw over the picture. */
  overlay(elements) {
    this.#overlay.replaceChildren(...elements);
  }

  /**
   * Mark the part of the picture that the network looks at, if it is not all of it.
   *
   * @param {number[] | null} box left, top, right, bottom in pixels of the picture
   * @param {number[]} size [height, width] of the picture
   */
  seen(box, [height, width] = [1, 1]) {
    const [left, top, right, bottom] = box ?? [0, 0, 1, 1];
    this.#seen.hidden = right - left > 0.999 * width && bottom - top > 0.999 * height;
    this.#seen.style.left = `${(100 * left) / width}%`;
    this.#seen.style.top = `${(100 * top) / height}%`;
    this.#seen.style.width = `${(100 * (right - left)) / width}%`;
    this.#seen.style.height = `${(100 * (bottom - top)) / height}%`;
  }

  #show(kind) {
    this.#element.dataset.shows = kind;
    this.#still.hidden = kind !== "photograph";
    this.#film.hidden = kind !== "camera";
    this.#frame.hidden = kind === "empty";
  }

  #fit(width, height) {
    this.#frame.style.setProperty("--shape", `${width} / ${height}`);
    this.#frame.style.setProperty("--ratio", String(width / height));
  }
}
