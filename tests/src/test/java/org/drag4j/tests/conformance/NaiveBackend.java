package org.drag4j.tests.conformance;

import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightSource;

/** Runs every operation by the naive interpreter: what the suite itself is tried on. */
public final class NaiveBackend implements Backend {
  private static final class Heap implements DeviceMemory {
    private final byte[] bytes;

    Heap(int size) {
      bytes = new byte[size];
    }

    @Override
    public String device() {
      return "naive";
    }

    @Override
    public long byteSize() {
      return bytes.length;
    }

    @Override
    public void write(long offset, MemorySegment source) {
      MemorySegment.ofArray(bytes).asSlice(offset).copyFrom(source);
    }

    @Override
    public void read(long offset, MemorySegment target) {
      target.copyFrom(MemorySegment.ofArray(bytes).asSlice(offset, target.byteSize()));
    }

    @Override
    public void close() {}
  }

  private record Held(MapWeights source) implements DeviceWeights {
    @Override
    public long byteSize() {
      return 0;
    }

    @Override
    public void close() {}
  }

  private record Interpreted(Value node) implements Kernel {
    @Override
    public String name() {
      return node.op().label() + "_f32_naive";
    }

    @Override
    public Launch bind(Bindings at) {
      var weights = ((Held) at.weights()).source();
      var oracle = Oracle.naive();
      var in = node.inputs().stream().map(v -> operand(v, at, weights)).toList();
      var out = at.slot(node);
      return () -> {
        var y = oracle.node(node, in.stream().map(Supplier::get).toList());
        var floats = new float[y.length];
        for (int i = 0; i < y.length; i++) {
          floats[i] = (float) y[i];
        }
        var to = out.tensor();
        to.memory().write(to.offset(), MemorySegment.ofArray(floats));
      };
    }

    private static Supplier<double[]> operand(Value v, Bindings at, MapWeights weights) {
      if (v.op() instanceof Op.Weight(var param)) {
        return () -> weights.values(param.name(), v.shape());
      }
      var slot = at.slot(v);
      return () -> read(slot.tensor());
    }

    private static double[] read(Tensor from) {
      int count = (int) from.shape().size();
      var x = new double[count];
      if (from.dtype() == DType.I32) {
        var raw = new int[count];
        from.memory().read(from.offset(), MemorySegment.ofArray(raw));
        for (int i = 0; i < count; i++) {
          x[i] = raw[i];
        }
      } else {
        var raw = new float[count];
        from.memory().read(from.offset(), MemorySegment.ofArray(raw));
        for (int i = 0; i < count; i++) {
          x[i] = raw[i];
        }
      }
      return x;
    }
  }

  @Override
  public String device() {
    return "naive";
  }

  @Override
  public DeviceMemory allocate(long bytes, String purpose) {
    return new Heap(Math.toIntExact(bytes));
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    return new Held((MapWeights) source);
  }

  @Override
  public Stream<Candidate> candidates(Value node, KernelOptions options) {
    return Stream.of(Candidate.own("naive", new Interpreted(node)));
  }

  @Override
  public void synchronize() {}

  @Override
  public void close() {}
}
