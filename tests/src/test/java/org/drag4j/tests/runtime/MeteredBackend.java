package org.drag4j.tests.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.DeviceWeights;
import org.drag4j.reference.WrappedBackend;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.WeightSource;

/** The CPU with as much memory as it is told to have, which knows what of it is in use. */
public final class MeteredBackend extends WrappedBackend {
  private final List<DeviceMemory> blocks = new ArrayList<>();
  private final List<DeviceWeights> weights = new ArrayList<>();
  private OptionalLong free = OptionalLong.empty();
  private int failing = -1;

  /** The CPU, whose memory never ends until it is told to. */
  public MeteredBackend(Backend cpu) {
    super(cpu);
  }

  /** Says from now on that so many bytes are free. */
  public void free(long bytes) {
    free = OptionalLong.of(bytes);
  }

  /** Makes the {@code nth} allocation from now on fail, 0 being the next. */
  public void failAt(int nth) {
    failing = nth;
  }

  /** Allocations so far. */
  public int allocations() {
    return blocks.size();
  }

  /** Bytes that were not given back: of the CPU's, closed memory and weights have none. */
  public long held() {
    return blocks.stream().mapToLong(DeviceMemory::byteSize).sum()
        + weights.stream().mapToLong(DeviceWeights::byteSize).sum();
  }

  @Override
  public DeviceMemory allocate(long bytes, String purpose) {
    if (failing-- == 0) {
      throw new DeviceMemoryException(purpose + ": asked for " + bytes + " bytes, free are 0");
    }
    var memory = super.allocate(bytes, purpose);
    blocks.add(memory);
    return memory;
  }

  @Override
  public OptionalLong freeBytes() {
    return free;
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    var made = super.weights(source);
    weights.add(made);
    return made;
  }
}
