package org.drag4j.kernels.cpu;

import java.util.List;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Launch;
import org.drag4j.device.WeightOperands;
import org.drag4j.graph.Value;

/** A linear layer: a product with packed weights. */
final class LinearCpu implements Kernel {
  private static final String LABEL = "linear";
  private static final String VARIANT = "packed";

  private final CpuContext context;
  private final Value node;
  private final List<Epilogue.Stage> then;

  private LinearCpu(CpuContext context, Value node, List<Epilogue.Stage> then) {
    this.context = context;
    this.node = node;
    this.then = then;
  }

  /**
   * Empty where an operand is not a weight of the checkpoint, or a fused stage is not one of ours.
   */
  static Optional<Kernel> select(CpuContext context, Value node, KernelOptions options) {
    if (!options.allows(LABEL, VARIANT) || !WeightOperands.fit(node)) {
      return Optional.empty();
    }
    return Epilogue.stages(node).map(then -> new LinearCpu(context, node, then));
  }

  @Override
  public String name() {
    return "linear_f32_packed_" + Operands.tile(context.gemm());
  }

  @Override
  public Launch bind(Bindings at) {
    int inner = node.in(1).shape().dim(1);
    int columns = node.in(1).shape().dim(0);
    int rows = Math.toIntExact(node.shape().size() / columns);
    var product =
        new PanelProduct(
            context,
            PanelProduct.Geometry.dense(rows, inner),
            Operands.weight(node, at, columns, inner, 1),
            Operands.bias(node, at),
            Epilogue.bind(context.math(), then, columns, at));
    var x = at.slot(node.in(0));
    var y = at.slot(node);
    return () ->
        product.run(
            CpuMemory.floats(x), CpuMemory.start(x), CpuMemory.floats(y), CpuMemory.start(y));
  }
}
