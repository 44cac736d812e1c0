package org.drag4j.kernels.opencl;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.ObjLongConsumer;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Step;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.WeightSource;
import org.jspecify.annotations.Nullable;

/** An OpenCL device: picks the kernel of each operation. */
final class OpenClBackend implements Backend {
  private final OpenClContext context;

  private OpenClBackend(OpenClContext context) {
    this.context = context;
  }

  /**
   * Opens a device.
   *
   * @throws DeviceException where it cannot be, or activations cannot be of this type
   */
  static OpenClBackend open(DeviceInfo info, DType activations, ProgramCache cache) {
    return open(info, activations, cache, Driver.JOCL);
  }

  static OpenClBackend open(DeviceInfo info, DType activations, ProgramCache cache, Driver driver) {
    if (activations != DType.F32 && activations != DType.F16) {
      throw new DeviceException(info.name() + ": --dtype: expected f32 or f16, got " + activations);
    }
    return new OpenClBackend(OpenClContext.open(info, activations, cache, driver));
  }

  OpenClContext context() {
    return context;
  }

  @Override
  public String device() {
    return context.info().name();
  }

  @Override
  public DType activations() {
    return context.activations();
  }

  @Override
  public DeviceMemory allocate(long bytes, String purpose) {
    var memory = context.allocate(bytes, purpose);
    memory.clear();
    return memory;
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    return new OpenClWeights(context, source);
  }

  @Override
  public Optional<Kernel> select(Value node, KernelOptions options) {
    return switch (node.op().body()) {
      case Op.Conv2d _, Op.Linear _, Op.Attention _ ->
          Variant.chosen(node, options, candidates(node, options));
      case Op.GroupNorm _ -> NormCl.groupNorm(context, node, options);
      case Op.LayerNorm _ -> NormCl.layerNorm(context, node, options);
      case Op.Unary _ -> ElementwiseCl.unary(context, node, options);
      case Op.Binary _ -> ElementwiseCl.binary(context, node, options);
      case Op.Geglu _ -> ElementwiseCl.geglu(context, node, options);
      case Op.Concat _ -> MoveCl.concat(context, node, options);
      case Op.Upsample _ -> MoveCl.upsample(context, node, options);
      case Op.Embedding _ -> EmbeddingCl.embedding(context, node, options);
      case Op.TimestepEmbedding _ -> EmbeddingCl.timestep(context, node, options);
      case Op.Cast _ -> ElementwiseCl.cast(context, node, options);
      case Op.Input _, Op.Weight _, Op.Reshape _, Op.Fused _ -> Optional.empty();
    };
  }

  @Override
  public List<String> variants(Value node, KernelOptions options) {
    return List.copyOf(candidates(node, options).sequencedKeySet());
  }

  private SequencedMap<String, Kernel> candidates(Value node, KernelOptions options) {
    return switch (node.op().body()) {
      case Op.Conv2d _ -> ConvolutionCl.candidates(context, node, options);
      case Op.Linear _ -> Product.candidates(context, node, options, true);
      case Op.Attention _ -> AttentionCl.candidates(context, node, options);
      default -> new LinkedHashMap<>();
    };
  }

  @Override
  public void measure(@Nullable Step step) {
    context.time(step);
  }

  @Override
  public void report(ObjLongConsumer<Step> to) {
    context.report(to);
  }

  @Override
  public void synchronize() {
    context.finish();
  }

  @Override
  public void close() {
    context.close();
  }
}
