package org.drag4j.kernels.cpu;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.WeightSource;

/** The CPU as a device: picks the kernel of each operation. */
final class CpuBackend implements Backend {
  /**
   * Weights of more bytes take long enough to load for all kernels to be warm by then; a smaller
   * network is done before slow kernels would be worth a warning.
   */
  private static final long LARGE = 100L << 20;

  private static final Map<String, List<String>> KERNELS = names();

  private static Map<String, List<String>> names() {
    var all = new HashMap<String, List<String>>();
    Op.labels().forEach(op -> all.put(op, List.of("row")));
    all.put("attention", List.of("flash"));
    all.put("cast", List.of("element"));
    all.put("conv2d", Conv2dCpu.VARIANTS);
    all.put("embedding", List.of("gather"));
    all.put("linear", List.of("packed"));
    return Map.copyOf(all);
  }

  private final CpuContext context;
  private final CpuContext exactContext;
  private final boolean vectors;
  private final String warning;
  private volatile boolean large;

  CpuBackend(int threads, int vectorBits) {
    this(threads, vectorBits, "");
  }

  /**
   * A device of this many threads.
   *
   * @param warning what whoever asked for it should know; empty where there is nothing
   */
  CpuBackend(int threads, int vectorBits, String warning) {
    this.warning = warning;
    vectors = VectorWidth.fix(vectorBits) > 0;
    context =
        new CpuContext(
            new Workers(threads),
            vectors ? VectorGemm.create() : new ScalarGemm(),
            vectors ? new VectorRowMath() : new ScalarRowMath());
    exactContext = context.with(new PartialSumGemm(context.gemm(), context.math()));
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
    if (vectors && !large && bytes(source) > LARGE) {
      large = true;
      SelfTest.begin();
    }
    return new CpuWeights(source, context);
  }

  private static long bytes(WeightSource source) {
    return source.names().stream()
        .flatMap(n -> source.entry(n).stream())
        .mapToLong(e -> e.shape().size() * e.dtype().bytes())
        .sum();
  }

  @Override
  public List<String> warnings() {
    return Stream.concat(
            Stream.of(warning).filter(w -> !w.isEmpty()),
            large ? SelfTest.warnings().stream() : Stream.of())
        .toList();
  }

  @Override
  public Stream<Candidate> candidates(Value node, KernelOptions options) {
    var shared = options.exact() ? exactContext : context;
    if (node.op().body() instanceof Op.Conv2d) {
      return options.order(node, Conv2dCpu.candidates(shared, node, options.exact()));
    }
    var own = new LinkedHashMap<String, Kernel>();
    only(shared, node).ifPresent(kernel -> own.put(variant(node.op().label()), kernel));
    return options.order(node, own);
  }

  /** The kernel of an operation that has one only. */
  private static Optional<Kernel> only(CpuContext shared, Value node) {
    return switch (node.op().body()) {
      case Op.Linear _ -> LinearCpu.select(shared, node);
      case Op.GroupNorm _ -> GroupNormCpu.select(shared, node);
      case Op.LayerNorm _ -> Optional.of(new LayerNormCpu(shared, node));
      case Op.Attention _ -> Optional.of(new AttentionCpu(shared, node));
      case Op.Unary _ -> Optional.of(new UnaryCpu(shared, node));
      case Op.Binary _ -> BinaryCpu.select(shared, node);
      case Op.Geglu _ -> Optional.of(new GegluCpu(shared, node));
      case Op.Concat _ -> Optional.of(new ConcatCpu(shared, node));
      case Op.Upsample _ -> Optional.of(new UpsampleCpu(shared, node));
      case Op.Embedding _ -> EmbeddingCpu.select(shared, node);
      case Op.TimestepEmbedding _ -> Optional.of(new TimestepEmbeddingCpu(shared, node));
      case Op.Cast _ -> CastCpu.select(node);
      case Op.Conv2d _, Op.Input _, Op.Weight _, Op.Reshape _, Op.Fused _ -> Optional.empty();
    };
  }

  /** The name of an operation's only kernel. */
  private static String variant(String op) {
    return KERNELS.getOrDefault(op, List.of(op)).getFirst();
  }

  @Override
  public Map<String, List<String>> kernels() {
    return KERNELS;
  }

  @Override
  public void synchronize() {}

  @Override
  public void close() {
    context.workers().close();
  }
}
