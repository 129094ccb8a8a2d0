/* Search where the site lies in a folder (file://): browsers start no worker there, so its script runs in a hidden frame.
   Material for MkDocs looks for the name IFrameWorker in the frame's parent. */
if (location.protocol === "file:") {
  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.appendChild(frame);
      this.frame = frame.contentWindow;
      window.addEventListener("message", (event) => {
        if (event.source === this.frame) this.dispatchEvent(new MessageEvent("message", { data: event.data }));
      });
      this.ready = new Promise((done) => { this.loaded = done; });
      const inside = this.frame.document;
      inside.open();
      inside.write("<!doctype html><body></body>");
      inside.close();
      const load = (source) => new Promise((done, failed) => {
        const script = inside.createElement("script");
        Object.assign(script, { src: source, onload: done, onerror: failed });
        inside.body.appendChild(script);
      });
      this.frame.postMessage = (data) => window.dispatchEvent(new MessageEvent("message", { data, source: this.frame }));
      this.frame.importScripts = (...sources) => sources.reduce((before, one) => before.then(() => load(new URL(one, url))), Promise.resolve());
      load(url).then(this.loaded);
    }
    postMessage(data) {
      this.ready.then(() => this.frame.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() {
      this.frame.frameElement.remove();
    }
  }
  window.IFrameWorker = window.Worker = IFrameWorker;
}
