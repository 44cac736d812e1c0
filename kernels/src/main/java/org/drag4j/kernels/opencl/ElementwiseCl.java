package org.drag4j.kernels.opencl;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Broadcast;

/** Elementwise functions of one and of two operands, and the gated GELU. */
final class ElementwiseCl {
  /** Loops around a run that the kernel has arguments for. */
  private static final int OUTER = 3;

  private ElementwiseCl() {}

  static Optional<Kernel> unary(OpenClContext context, Value node, Variant variant) {
    if (!(node.op() instanceof Op.Unary(var fn))) {
      return Optional.empty();
    }
    return Optional.of(
        new Prepared(
            name(context, "unary", variant),
            at -> unary(context, node, Epilogue.code(fn), variant, at)));
  }

  /** Empty for other types than F32 and F16. */
  static Optional<Kernel> cast(OpenClContext context, Value node, Variant variant) {
    if (!Operands.floating(node)) {
      return Optional.empty();
    }
    return Optional.of(
        new Prepared(
            "cast_" + type(node) + "_" + variant.label() + "_from_" + type(node.in(0)),
            at -> unary(context, node, Epilogue.IDENTITY, variant, at)));
  }

  private static String type(Value v) {
    return v.dtype().name().toLowerCase(Locale.ROOT);
  }

  private static String name(OpenClContext context, String label, Variant variant) {
    return label + "_" + context.prefix() + "_" + variant.label();
  }

  private static Launch unary(
      OpenClContext context, Value node, int fn, Variant variant, Bindings at) {
    long count = node.shape().size();
    int each = Pieces.of(variant, count).run();
    return Call.of(context, "unary", variant, "unary_run")
            .slot(Operands.slot(at, node.in(0)))
            .slot(at.slot(node))
            .arg(count)
            .arg(each)
            .arg(fn)
            .over(Math.ceilDiv(count, each))
        ::run;
  }

  /** Empty where b is broadcast in more places than the kernel has loops for. */
  static Optional<Kernel> binary(OpenClContext context, Value node, Variant variant) {
    if (!(node.op() instanceof Op.Binary(var fn))) {
      return Optional.empty();
    }
    var loops = Broadcast.loops(node.shape(), node.in(1).shape());
    if (loops.size() > 1 + OUTER) {
      return Optional.empty();
    }
    return Optional.of(
        new Prepared(
            name(context, "binary", variant), at -> binary(context, node, fn, loops, variant, at)));
  }

  private static Launch binary(
      OpenClContext context,
      Value node,
      Op.BinaryFn fn,
      List<Broadcast.Loop> loops,
      Variant variant,
      Bindings at) {
    var inner = loops.getFirst();
    long run = inner.count();
    long runs = node.shape().size() / Math.max(1, run);
    var pieces = Pieces.of(variant, run);
    var call =
        Call.of(context, "binary", variant, "binary_run")
            .slot(Operands.slot(at, node.in(0)))
            .slot(Operands.slot(at, node.in(1)))
            .slot(at.slot(node))
            .arg(Epilogue.code(fn))
            .arg(runs)
            .arg(run)
            .arg((int) inner.stride())
            .arg(pieces.rows())
            .arg((long) pieces.run())
            .arg(pieces.across(run));
    for (int i = 1; i <= OUTER; i++) {
      var loop = i < loops.size() ? loops.get(i) : new Broadcast.Loop(1, 0);
      call.arg(loop.count()).arg(loop.stride());
    }
    return call.over(pieces.across(run) * pieces.down(runs))::run;
  }

  static Optional<Kernel> geglu(OpenClContext context, Value node, Variant variant) {
    return Optional.of(
        new Prepared(name(context, "geglu", variant), at -> geglu(context, node, variant, at)));
  }

  private static Launch geglu(OpenClContext context, Value node, Variant variant, Bindings at) {
    int columns = node.shape().dim(-1);
    long rows = node.shape().size() / Math.max(1, columns);
    var pieces = Pieces.of(variant, columns);
    return Call.of(context, "geglu", variant, "geglu_row")
            .slot(Operands.slot(at, node.in(0)))
            .slot(at.slot(node))
            .arg(rows)
            .arg(columns)
            .arg(pieces.run())
            .arg(pieces.rows())
            .over(pieces.across(columns), pieces.down(rows))
        ::run;
  }
}
