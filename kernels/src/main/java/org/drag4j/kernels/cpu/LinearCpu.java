package org.drag4j.kernels.cpu;

import java.util.List;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;

/** A linear layer: a product with packed weights, the checkpoint's or any others. */
final class LinearCpu implements Kernel {
  private final CpuContext context;
  private final Value node;
  private final List<Epilogue.Stage> then;
  private final boolean gated;

  private LinearCpu(CpuContext context, Value node, List<Epilogue.Stage> then, boolean gated) {
    this.context = context;
    this.node = node;
    this.then = then;
    this.gated = gated;
  }

  /**
   * Empty where an operand is not of floats, or the kernels do not have a fused stage; a gate is
   * where its halves are whole panels.
   */
  static Optional<Kernel> select(CpuContext context, Value node) {
    if (!Operands.floats(node)) {
      return Optional.empty();
    }
    if (node.op() instanceof Op.Fused(var _, var then) && then.equals(List.of(new Op.Geglu()))) {
      return PanelProduct.canGate(context.gemm(), columns(node))
          ? Optional.of(new LinearCpu(context, node, List.of(), true))
          : Optional.empty();
    }
    return Epilogue.stages(node).map(then -> new LinearCpu(context, node, then, false));
  }

  /** Columns of the product. */
  private static int columns(Value node) {
    return node.in(1).shape().dim(0);
  }

  @Override
  public String name() {
    return "linear_f32_packed_" + Operands.tile(context.gemm()) + (gated ? "+geglu" : "");
  }

  @Override
  public long workspaceBytes() {
    return Factors.workspaceBytes(context, node);
  }

  @Override
  public Launch bind(Bindings at) {
    int inner = node.in(1).shape().dim(1);
    int rows = Math.toIntExact(node.in(0).shape().size() / inner);
    var product =
        new PanelProduct(
            context,
            PanelProduct.Geometry.dense(rows, inner),
            Factors.of(context, node, at, 0),
            gated,
            Epilogue.bind(context.math(), then, node.shape().dim(-1), at));
    var x = at.slot(node.in(0));
    var y = at.slot(node);
    return () ->
        product.run(
            CpuMemory.floats(x), CpuMemory.start(x), CpuMemory.floats(y), CpuMemory.start(y));
  }
}
