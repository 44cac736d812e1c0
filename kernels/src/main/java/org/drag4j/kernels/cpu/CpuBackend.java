package org.drag4j.kernels.cpu;

import java.util.Optional;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.WeightSource;

/** The CPU as a device: picks the kernel of each operation. */
final class CpuBackend implements Backend {
  private final CpuContext context;

  CpuBackend(int threads, int vectorBits) {
    boolean vectors = VectorWidth.fix(vectorBits) > 0;
    context =
        new CpuContext(
            new Workers(threads),
            vectors ? VectorGemm.create() : new ScalarGemm(),
            vectors ? new VectorRowMath() : new ScalarRowMath());
  }

  @Override
  public String device() {
    return CpuProvider.DEVICE;
  }

  @Override
  public DeviceMemory allocate(long bytes, String purpose) {
    return CpuMemory.allocate(context.reclaim(), bytes, purpose);
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    context.reclaim().beforeAllocating(Long.MAX_VALUE); // a network, tensor by tensor
    return new CpuWeights(source, context);
  }

  @Override
  public Optional<Kernel> select(Value node, KernelOptions options) {
    var body = node.op() instanceof Op.Fused(var b, var _) ? b : node.op();
    return switch (body) {
      case Op.Conv2d _ -> Conv2dCpu.select(context, node, options);
      case Op.Linear _ -> LinearCpu.select(context, node, options);
      case Op.GroupNorm _ -> GroupNormCpu.select(context, node);
      case Op.LayerNorm _ -> Optional.of(new LayerNormCpu(context, node));
      case Op.Attention _ -> Optional.of(new AttentionCpu(context, node));
      case Op.Unary _ -> Optional.of(new UnaryCpu(context, node));
      case Op.Binary _ -> BinaryCpu.select(context, node);
      case Op.Geglu _ -> Optional.of(new GegluCpu(context, node));
      case Op.Concat _ -> Optional.of(new ConcatCpu(context, node));
      case Op.Upsample _ -> Optional.of(new UpsampleCpu(context, node));
      case Op.Embedding _ -> EmbeddingCpu.select(node);
      case Op.TimestepEmbedding _ -> Optional.of(new TimestepEmbeddingCpu(context, node));
      case Op.Input _, Op.Weight _, Op.Reshape _, Op.Fused _ -> Optional.empty();
    };
  }

  @Override
  public void synchronize() {}

  @Override
  public void close() {
    context.workers().close();
  }
}
