package org.drag4j.kernels.opencl;

import java.util.Locale;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;

/** Layer norm, and group norm with the activation after it where there is one. */
final class NormCl {
  /** Work-items of a group on a GPU, of which one does a row or a group of channels. */
  private static final long GROUP = 64;

  /** Local memory in which they sum. */
  private static final long SHARED = GROUP * Float.BYTES;

  /** Blocks of positions an image is cut into at least, as far as it has positions. */
  private static final int BLOCKS = 16;

  private static final int MIN_POSITIONS = 4;

  /** More would cost accuracy: a block's sums are plain ones. */
  private static final int MAX_POSITIONS = 256;

  private NormCl() {}

  static Optional<Kernel> layerNorm(OpenClContext context, Value node, Variant variant) {
    if (!(node.op() instanceof Op.LayerNorm norm)) {
      return Optional.empty();
    }
    return Optional.of(
        new Prepared(
            "layer_norm_" + context.prefix() + "_" + variant.label(),
            at -> layerNorm(context, node, norm, variant, at)));
  }

  private static Launch layerNorm(
      OpenClContext context, Value node, Op.LayerNorm norm, Variant variant, Bindings at) {
    int columns = node.shape().dim(-1);
    long rows = node.shape().size() / Math.max(1, columns);
    var call =
        Call.of(context, "layer_norm", variant, "layer_norm_row")
            .slot(Operands.slot(at, node.in(0)))
            .slot(Operands.slot(at, node.in(1)))
            .slot(Operands.slot(at, node.in(2)))
            .slot(at.slot(node))
            .arg(columns)
            .arg(norm.eps());
    return (variant == Variant.TILE
            ? call.local(SHARED).groups(new long[] {rows}, GROUP)
            : call.over(rows))
        ::run;
  }

  /** Empty where anything else than one activation is fused to it. */
  static Optional<Kernel> groupNorm(OpenClContext context, Value node, Variant variant) {
    Optional<Op.UnaryFn> then;
    Op.GroupNorm norm;
    switch (node.op()) {
      case Op.GroupNorm plain -> {
        norm = plain;
        then = Optional.empty();
      }
      case Op.Fused(Op.GroupNorm body, var stages)
          when stages.size() == 1 && stages.getFirst() instanceof Op.Unary(var fn) -> {
        norm = body;
        then = Optional.of(fn);
      }
      default -> {
        return Optional.empty();
      }
    }
    var name =
        "group_norm_"
            + context.prefix()
            + "_"
            + variant.label()
            + then.map(fn -> "+" + fn.name().toLowerCase(Locale.ROOT)).orElse("");
    var sizes = Sizes.of(node);
    return Optional.of(
        new Prepared(
            name,
            (sizes.parts() + sizes.factors()) * Float.BYTES,
            at -> groupNorm(context, node, norm, then, sizes, variant, at)));
  }

  /** What is normalised, and how it is cut. */
  private record Sizes(int images, int positions, int channels, int block, int blocks) {
    static Sizes of(Value node) {
      int images = node.shape().dim(0);
      int channels = node.shape().dim(-1);
      int positions = Math.toIntExact(node.shape().size() / Math.max(1, (long) images * channels));
      int block = Math.clamp(Math.ceilDiv(positions, BLOCKS), MIN_POSITIONS, MAX_POSITIONS);
      return new Sizes(images, positions, channels, block, Math.ceilDiv(positions, block));
    }

    long parts() {
      return (long) images * blocks * 3 * channels;
    }

    long factors() {
      return (long) images * 3 * channels;
    }
  }

  private static Launch groupNorm(
      OpenClContext context,
      Value node,
      Op.GroupNorm norm,
      Optional<Op.UnaryFn> then,
      Sizes sizes,
      Variant variant,
      Bindings at) {
    var x = Operands.slot(at, node.in(0));
    var room = at.workspace().tensor();
    var parts = part(room, 0, sizes.parts());
    var factors = part(room, sizes.parts(), sizes.factors());
    long across = Math.ceilDiv(sizes.channels(), variant.width());
    var moments =
        Call.of(context, "group_norm", variant, "group_norm_moments")
            .slot(x)
            .slot(parts)
            .arg(sizes.positions())
            .arg(sizes.channels())
            .arg(sizes.block())
            .over(across, sizes.blocks(), sizes.images());
    var merging =
        Call.of(context, "group_norm", variant, "group_norm_merge")
            .slot(parts)
            .slot(factors)
            .slot(Operands.slot(at, node.in(1)))
            .slot(Operands.slot(at, node.in(2)))
            .arg(sizes.positions())
            .arg(sizes.channels())
            .arg(norm.groups())
            .arg(sizes.block())
            .arg(sizes.blocks())
            .arg(norm.eps());
    long[] groups = {norm.groups(), sizes.images()};
    var merge =
        variant == Variant.TILE
            ? merging.local(SHARED).groups(groups, GROUP, 1)
            : merging.over(groups[0], groups[1]);
    int each = Pieces.of(variant, variant.width()).rows();
    var apply =
        Call.of(context, "group_norm", variant, "group_norm_apply")
            .slot(x)
            .slot(factors)
            .slot(at.slot(node))
            .arg(sizes.positions())
            .arg(sizes.channels())
            .arg(each)
            .arg(then.map(Epilogue::code).orElse(Epilogue.IDENTITY))
            .over(across, Math.ceilDiv(sizes.positions(), each), sizes.images());
    return () -> {
      moments.run();
      merge.run();
      apply.run();
    };
  }

  private static Slot part(Tensor room, long first, long count) {
    return new Slot(
        new Tensor(
            room.memory(),
            room.offset() + first * Float.BYTES,
            Shape.of(Math.toIntExact(count)),
            DType.F32));
  }
}
