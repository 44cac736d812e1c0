package org.drag4j.kernels.opencl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.ObjLongConsumer;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.Candidate;
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
  public Stream<Candidate> candidates(Value node, KernelOptions options) {
    return options.order(node, own(node, options));
  }

  private SequencedMap<String, Kernel> own(Value node, KernelOptions options) {
    return switch (node.op().body()) {
      case Op.Conv2d _ -> ConvolutionCl.candidates(context, node, options);
      case Op.Linear _ -> ProductCl.candidates(context, node, options.exact(), true);
      case Op.Attention _ -> AttentionCl.candidates(context, node, options.exact());
      case Op.GroupNorm _ -> both(v -> NormCl.groupNorm(context, node, v));
      case Op.LayerNorm _ -> both(v -> NormCl.layerNorm(context, node, v));
      case Op.Unary _ -> both(v -> ElementwiseCl.unary(context, node, v));
      case Op.Binary _ -> both(v -> ElementwiseCl.binary(context, node, v));
      case Op.Geglu _ -> both(v -> ElementwiseCl.geglu(context, node, v));
      case Op.Move move -> both(v -> MoveCl.select(context, node, move, v));
      case Op.TimestepEmbedding _ -> both(v -> EmbeddingCl.timestep(context, node, v));
      case Op.Cast _ -> both(v -> ElementwiseCl.cast(context, node, v));
      case Op.Input _, Op.Weight _, Op.Reshape _, Op.Fused _ -> new LinkedHashMap<>();
    };
  }

  /** An operation's kernels in both families, the device's own first. */
  private SequencedMap<String, Kernel> both(Function<Variant, Optional<Kernel>> kernel) {
    var all = new LinkedHashMap<String, Kernel>();
    for (var variant : context.variant().both()) {
      kernel.apply(variant).ifPresent(k -> all.put(variant.label(), k));
    }
    return all;
  }

  @Override
  public Map<String, List<String>> kernels() {
    var families = context.variant().both().stream().map(Variant::label).toList();
    var products = new ArrayList<>(families);
    if (context.variant() == Variant.PANEL) {
      products.addAll(ProductCl.cuts());
    }
    var convolutions = new ArrayList<>(products);
    Arrays.stream(WinogradCl.Size.values()).map(WinogradCl.Size::label).forEach(convolutions::add);
    var all = new LinkedHashMap<String, List<String>>();
    for (var op : Op.labels()) {
      all.put(op, families);
    }
    all.put("conv2d", convolutions);
    all.put("linear", products);
    return all;
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
