package org.drag4j.unet;

import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.Linear;
import org.drag4j.tensor.Weights;

/** Gated feed-forward layer, four times as wide inside. diffusers: {@code FeedForward} (geglu). */
record FeedForward(String path, Linear proj, Linear out) {
  static FeedForward load(Weights w, int dim) {
    return new FeedForward(
        w.prefix(),
        Linear.load(w.at("net").at(0).at("proj"), dim, 8 * dim),
        Linear.load(w.at("net").at(2), 4 * dim, dim));
  }

  /** {@code x [N, T, dim]} to the same shape. */
  Value forward(Value x) {
    var h = proj.forward(x).geglu(); // [N, T, 4*dim]
    return out.forward(h).exposed(SiteKind.OUTPUT, path); // [N, T, dim]
  }
}
