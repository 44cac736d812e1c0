package org.drag4j.kernels.cuda;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Launch;
import org.drag4j.device.Replay;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.driver.CudaDriver;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.WeightSource;

/** One NVIDIA GPU as a device. */
final class CudaBackend implements Backend {
  /** Half of the page-locked memory that copies go through. */
  private static final long STAGING = 16L << 20;

  private final CudaContext context;
  private final CudaStream stream;
  private final CudaHeap heap;
  private final CudaModules modules;
  private final DType activations;
  private final CudaPrograms programs;
  private final CudaCandidates candidates;
  private final Set<String> warnings = new LinkedHashSet<>();

  private CudaBackend(
      CudaContext context,
      CudaStream stream,
      CudaHeap heap,
      DType activations,
      CudaPrograms programs,
      CudaCandidates candidates) {
    this.context = context;
    this.stream = stream;
    this.heap = heap;
    this.activations = activations;
    this.programs = programs;
    this.candidates = candidates;
    modules = new CudaModules(context);
  }

  /**
   * Opens a device.
   *
   * @throws DeviceException where the driver refuses, or activations cannot be of this type;
   *     nothing stays open then
   */
  static CudaBackend open(
      CudaDriver driver,
      int device,
      DType activations,
      CudaPrograms programs,
      Libraries libraries) {
    return open(driver, device, STAGING, activations, programs, libraries);
  }

  /** The same with another half of the staging memory. */
  static CudaBackend open(
      CudaDriver driver,
      int device,
      long stagingBytes,
      DType activations,
      CudaPrograms programs,
      Libraries libraries) {
    if (activations != DType.F32 && activations != DType.F16) {
      throw new DeviceException(
          CudaProvider.NAME + ":" + device + ": --dtype: expected f32 or f16, got " + activations);
    }
    var context = CudaContext.open(driver, device);
    try {
      var stream = CudaStream.create(context);
      var heap = CudaHeap.create(stream, stagingBytes);
      var candidates = new CudaCandidates(context, activations, libraries);
      return new CudaBackend(context, stream, heap, activations, programs, candidates);
    } catch (RuntimeException | Error e) {
      try {
        context.close();
      } catch (RuntimeException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  @Override
  public String device() {
    return context.name();
  }

  /** The stream that everything runs on. */
  CudaStream stream() {
    return stream;
  }

  /** Kernels loaded on this device. */
  CudaModules modules() {
    return modules;
  }

  /** Where their code comes from. */
  CudaPrograms programs() {
    return programs;
  }

  @Override
  public DeviceMemory allocate(long bytes, String purpose) {
    return heap.allocate(bytes, purpose);
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    return new CudaWeights(source, heap, activations);
  }

  @Override
  public DType activations() {
    return activations;
  }

  @Override
  public Stream<Candidate> candidates(Value node, KernelOptions options) {
    return node.op() instanceof Op.Cast || node.dtype() == activations
        ? candidates.of(this, node, options)
        : Stream.empty();
  }

  @Override
  public Map<String, List<String>> kernels() {
    return candidates.names();
  }

  @Override
  public void check(KernelOptions options) {
    candidates.start(options);
    Backend.super.check(options);
  }

  /**
   * The repository's own kernel for a node; empty where it lacks the operation or a fused stage.
   */
  Optional<Kernel> own(Value node, String variant) {
    return switch (node.op().body()) {
      case Op.Linear _ -> LinearCuda.select(this, node, variant);
      case Op.Conv2d _ -> Conv2dCuda.select(this, node, variant);
      case Op.GroupNorm _ -> GroupNormCuda.select(this, node, variant);
      case Op.LayerNorm _ -> LayerNormCuda.select(this, node, variant);
      case Op.Attention _ -> AttentionCuda.select(this, node, variant);
      case Op.Unary _ -> UnaryCuda.select(this, node, variant);
      case Op.Binary _ -> BinaryCuda.select(this, node, variant);
      case Op.Geglu _ -> GegluCuda.select(this, node, variant);
      case Op.Move move -> MoveCuda.select(this, node, move, variant);
      case Op.TimestepEmbedding _ -> TimestepEmbeddingCuda.select(this, node, variant);
      case Op.Cast _ -> CastCuda.select(this, node, variant);
      case Op.Input _, Op.Weight _, Op.Reshape _, Op.Fused _ -> Optional.empty();
    };
  }

  @Override
  public Replay replay(List<Launch> launches) {
    return launches.stream().allMatch(CudaLaunch.class::isInstance)
        ? new CudaReplay(this, launches.stream().map(CudaLaunch.class::cast).toList())
        : Backend.super.replay(launches);
  }

  @Override
  public OptionalLong freeBytes() {
    return OptionalLong.of(heap.freeBytes());
  }

  @Override
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  /** Something the user should know; each is told once. */
  void warn(String message) {
    warnings.add(device() + ": " + message);
  }

  /**
   * Records what {@code work} enqueues, launches of kernels and of providers alike, to be enqueued
   * again as a whole. Tensors must not be bound anew between the recording and a launch.
   */
  CudaGraph record(Runnable work) {
    return CudaGraph.record(stream, work);
  }

  @Override
  public void synchronize() {
    stream.synchronize();
  }

  /** Waits for the work enqueued, then gives everything back. */
  @Override
  public void close() {
    if (context.closed()) {
      return;
    }
    RuntimeException failure = null;
    try {
      stream.synchronize();
    } catch (DeviceException e) {
      failure = e;
    }
    try {
      context.close();
    } catch (DeviceException e) {
      if (failure == null) {
        throw e;
      }
      failure.addSuppressed(e);
    }
    if (failure != null) {
      throw failure;
    }
  }
}
