package org.drag4j.reference;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
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

/**
 * A device whose kernels are the {@link Meaning} of their operations; results are stored in the
 * type of their value. It has no provider, so no user meets it among the devices: it is far too
 * slow for a picture.
 */
public final class ReferenceBackend implements Backend {
  private final Meaning meaning;

  /** A device that computes so. */
  public ReferenceBackend(Meaning meaning) {
    this.meaning = meaning;
  }

  private static final class Heap implements DeviceMemory {
    private final byte[] bytes;

    Heap(int size) {
      bytes = new byte[size];
    }

    @Override
    public String device() {
      return "reference";
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

  private record Held(WeightSource source) implements DeviceWeights {
    @Override
    public long byteSize() {
      return 0;
    }

    @Override
    public void close() {}
  }

  private record Interpreted(Meaning meaning, Value node) implements Kernel {
    @Override
    public String name() {
      var dtype = node.dtype().name().toLowerCase(Locale.ROOT);
      return node.op().label() + "_" + dtype + "_" + algorithm(meaning);
    }

    static String algorithm(Meaning meaning) {
      return meaning.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Launch bind(Bindings at) {
      var weights = ((Held) at.weights()).source();
      var in = node.inputs().stream().map(v -> operand(v, at, weights)).toList();
      var out = at.slot(node);
      return () -> {
        write(meaning.of(node, in.stream().map(Supplier::get).toList()), out.tensor());
      };
    }

    private static void write(double[] y, Tensor to) {
      MemorySegment source;
      if (to.dtype() == DType.F16) {
        var halves = new short[y.length];
        for (int i = 0; i < y.length; i++) {
          halves[i] = Float.floatToFloat16((float) y[i]);
        }
        source = MemorySegment.ofArray(halves);
      } else {
        var floats = new float[y.length];
        for (int i = 0; i < y.length; i++) {
          floats[i] = (float) y[i];
        }
        source = MemorySegment.ofArray(floats);
      }
      to.memory().write(to.offset(), source);
    }

    private static Supplier<double[]> operand(Value v, Bindings at, WeightSource weights) {
      if (v.op() instanceof Op.Weight(var param)) {
        return () -> WeightValues.of(weights, param);
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
      } else if (from.dtype() == DType.F16) {
        var raw = new short[count];
        from.memory().read(from.offset(), MemorySegment.ofArray(raw));
        for (int i = 0; i < count; i++) {
          x[i] = Float.float16ToFloat(raw[i]);
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
    return "reference";
  }

  @Override
  public DeviceMemory allocate(long bytes, String purpose) {
    return new Heap(Math.toIntExact(bytes));
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    return new Held(source);
  }

  @Override
  public Stream<Candidate> candidates(Value node, KernelOptions options) {
    return Stream.of(Candidate.own(Interpreted.algorithm(meaning), new Interpreted(meaning, node)));
  }

  @Override
  public void synchronize() {}

  @Override
  public void close() {}
}
