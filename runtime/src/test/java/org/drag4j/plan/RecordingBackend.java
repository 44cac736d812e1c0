package org.drag4j.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Launch;
import org.drag4j.device.NullBackend;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.WeightSource;

/** A device that computes nothing but remembers where every step's operands were put. */
final class RecordingBackend implements Backend {
  /** Slots of one step: those read, the one written, the scratch memory. */
  record Bound(Value node, Map<Value, Slot> read, Slot written, Slot workspace) {}

  private final NullBackend nothing = new NullBackend();
  private final Predicate<Op> knows;
  private final long workspaceBytes;
  private final DType activations;
  private final List<Bound> bound = new ArrayList<>();

  RecordingBackend(Predicate<Op> knows, long workspaceBytes) {
    this(knows, workspaceBytes, DType.F32);
  }

  RecordingBackend(Predicate<Op> knows, long workspaceBytes, DType activations) {
    this.activations = activations;
    this.knows = knows;
    this.workspaceBytes = workspaceBytes;
  }

  List<Bound> bound() {
    return bound;
  }

  @Override
  public DType activations() {
    return activations;
  }

  @Override
  public String device() {
    return "null";
  }

  @Override
  public DeviceMemory allocate(long bytes, String purpose) {
    return nothing.allocate(bytes, purpose);
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    return nothing.weights(source);
  }

  @Override
  public Stream<Candidate> candidates(Value node, KernelOptions options) {
    return Stream.of(node)
        .filter(n -> knows.test(n.op()))
        .map(n -> Candidate.own("recorded", new Recording(n)));
  }

  @Override
  public void synchronize() {}

  @Override
  public void close() {}

  private final class Recording implements Kernel {
    private final Value node;

    Recording(Value node) {
      this.node = node;
    }

    @Override
    public String name() {
      return node.op().label() + "_recorded";
    }

    @Override
    public long workspaceBytes() {
      return workspaceBytes;
    }

    @Override
    public Launch bind(Bindings at) {
      var read = new LinkedHashMap<Value, Slot>();
      for (var in : node.inputs()) {
        if (!(in.op() instanceof Op.Weight)) {
          read.put(in, at.slot(in));
        }
      }
      bound.add(new Bound(node, read, at.slot(node), at.workspace()));
      return () -> {};
    }
  }
}
