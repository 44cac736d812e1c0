package org.drag4j.layer;

import org.drag4j.graph.Op;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Layout;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;

/** A square 2-D convolution with bias, zero padded. PyTorch: {@code Conv2d}. */
public record Conv2d(String path, Param weight, Param bias, int stride, int padBefore, int padAfter)
    implements Layer {
  /** Padded by {@code kernel / 2} on every side. */
  public static Conv2d load(Weights w, int in, int out, int kernel, int stride) {
    return load(w, in, out, kernel, stride, kernel / 2, kernel / 2);
  }

  /** Padded by {@code padBefore} above and left, {@code padAfter} below and right. */
  public static Conv2d load(
      Weights w, int in, int out, int kernel, int stride, int padBefore, int padAfter) {
    return new Conv2d(
        w.prefix(),
        w.require("weight", Shape.of(out, in, kernel, kernel), Layout.OIHW),
        w.require("bias", Shape.of(out)),
        stride,
        padBefore,
        padAfter);
  }

  /** {@code x [N, H, W, in]} to {@code [N, H', W', out]}. */
  @Override
  public Value forward(Value x) {
    var g = x.graph();
    return g.node(
            new Op.Conv2d(stride, padBefore, padAfter, true),
            path,
            x,
            g.weight(weight),
            g.weight(bias))
        .exposed(SiteKind.OUTPUT, path);
  }
}
