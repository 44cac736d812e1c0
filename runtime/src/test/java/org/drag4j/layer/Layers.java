package org.drag4j.layer;

import java.util.Optional;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;

/** Layers of checkpoints that do not exist, for graphs whose numbers nobody reads. */
public final class Layers {
  private Layers() {}

  public static Linear linear(String path, int in, int out, boolean bias) {
    return new Linear(
        path,
        Param.of(path + ".weight", Shape.of(out, in)),
        bias ? Optional.of(vector(path + ".bias", out)) : Optional.empty());
  }

  /** Padded alike on every side. */
  public static Conv2d conv2d(String path, int in, int out, int kernel, int stride, int padding) {
    return new Conv2d(
        path,
        Param.filter(path + ".weight", out, kernel, kernel, in),
        vector(path + ".bias", out),
        stride,
        padding,
        padding);
  }

  public static GroupNorm groupNorm(String path, int groups, int channels, float eps) {
    return new GroupNorm(
        path, groups, vector(path + ".weight", channels), vector(path + ".bias", channels), eps);
  }

  private static Param vector(String name, int size) {
    return Param.of(name, Shape.of(size));
  }
}
