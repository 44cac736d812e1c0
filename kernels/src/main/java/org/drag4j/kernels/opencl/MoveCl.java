package org.drag4j.kernels.opencl;

import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Value;

/** Operations that move numbers without changing them. */
final class MoveCl {
  private MoveCl() {}

  private static String name(String label, OpenClContext context, Variant variant) {
    return label + "_" + context.prefix() + "_" + variant.label();
  }

  static Optional<Kernel> concat(OpenClContext context, Value node, Variant variant) {
    return Optional.of(
        new Prepared(name("concat", context, variant), at -> concat(context, node, variant, at)));
  }

  private static Launch concat(OpenClContext context, Value node, Variant variant, Bindings at) {
    int columns = node.shape().dim(-1);
    long rows = node.shape().size() / Math.max(1, columns);
    var parts = new Call[node.inputs().size()];
    int left = 0;
    for (int i = 0; i < parts.length; i++) {
      int width = node.in(i).shape().dim(-1);
      var pieces = Pieces.of(variant, width);
      parts[i] =
          Call.of(context, "concat", variant, "concat_part")
              .slot(Operands.slot(at, node.in(i)))
              .slot(at.slot(node))
              .arg(rows)
              .arg(width)
              .arg(columns)
              .arg(left)
              .arg(pieces.run())
              .arg(pieces.rows())
              .over(pieces.across(width), pieces.down(rows));
      left += width;
    }
    return () -> {
      for (var part : parts) {
        part.run();
      }
    };
  }

  static Optional<Kernel> upsample(OpenClContext context, Value node, Variant variant) {
    return Optional.of(
        new Prepared(
            name("upsample", context, variant), at -> upsample(context, node, variant, at)));
  }

  private static Launch upsample(OpenClContext context, Value node, Variant variant, Bindings at) {
    var from = node.in(0).shape();
    int height = node.shape().dim(1);
    int width = node.shape().dim(2);
    int channels = node.shape().dim(3);
    var pieces = Pieces.of(variant, channels);
    return Call.of(context, "upsample", variant, "upsample_nearest")
            .slot(Operands.slot(at, node.in(0)))
            .slot(at.slot(node))
            .arg(from.dim(1))
            .arg(from.dim(2))
            .arg(height)
            .arg(width)
            .arg(channels)
            .arg((float) from.dim(1) / height)
            .arg((float) from.dim(2) / width)
            .arg(pieces.run())
            .over(pieces.across(channels), width, (long) node.shape().dim(0) * height)
        ::run;
  }
}
