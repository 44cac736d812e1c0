package org.drag4j.device;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.stream.Stream;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.WeightSource;

/**
 * A device that computes nothing and holds nothing: plans of full-size models in milliseconds, for
 * their memory, arithmetic and kernel counts.
 */
public final class NullBackend implements Backend {
  private static final String NAME = "null";

  @Override
  public String device() {
    return NAME;
  }

  @Override
  public DeviceMemory allocate(long bytes, String purpose) {
    return new Nothing(bytes);
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    return new DeviceWeights() {
      @Override
      public DType dtype(Param param) {
        return source.entry(param.name()).map(WeightSource.Entry::dtype).orElse(DType.F32);
      }

      @Override
      public long byteSize() {
        return 0;
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public Stream<Candidate> candidates(Value node, KernelOptions options) {
    return Stream.of(Candidate.own(NAME, new Nowhere(node)));
  }

  private record Nowhere(Value node) implements Kernel {
    @Override
    public String name() {
      return node.op().label() + "_" + node.dtype().name().toLowerCase(Locale.ROOT) + "_" + NAME;
    }

    @Override
    public Launch bind(Bindings at) {
      return () -> {};
    }
  }

  @Override
  public void synchronize() {}

  @Override
  public void close() {}

  private record Nothing(long byteSize) implements DeviceMemory {
    @Override
    public String device() {
      return NAME;
    }

    @Override
    public void write(long offset, MemorySegment source) {}

    @Override
    public void read(long offset, MemorySegment target) {
      target.fill((byte) 0);
    }

    @Override
    public void close() {}
  }
}
