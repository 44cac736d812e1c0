package org.drag4j.unet;

import org.drag4j.graph.Op;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.Linear;
import org.drag4j.tensor.Weights;

/**
 * Sinusoids of the timestep through two linear layers. diffusers: {@code Timesteps} and {@code
 * TimestepEmbedding}.
 */
record TimestepEmbedding(
    String path, Op.TimestepEmbedding sinusoids, Linear linear1, Linear linear2) {
  static TimestepEmbedding load(Weights w, UNetConfig c) {
    int in = c.levels().getFirst().channels();
    return new TimestepEmbedding(
        w.prefix(),
        new Op.TimestepEmbedding(in, c.flipSinToCos(), c.freqShift()),
        Linear.load(w.at("linear_1"), in, c.timeEmbedDim()),
        Linear.load(w.at("linear_2"), c.timeEmbedDim(), c.timeEmbedDim()));
  }

  /** {@code timestep [N]} to {@code [N, T]}. */
  Value forward(Value timestep) {
    var t = timestep.graph().node(sinusoids, path, timestep); // [N, C]
    return linear2.forward(linear1.forward(t).silu()).exposed(SiteKind.OUTPUT, path); // [N, T]
  }
}
