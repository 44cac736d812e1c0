package org.drag4j.kernels.cuda;

import java.lang.foreign.MemorySegment;

/**
 * Page-locked host memory through which copies go: two halves, so that one is filled while the
 * device reads the other.
 */
final class CudaStaging implements CudaContext.Resource {
  private final CudaStream stream;
  private final MemorySegment whole;
  private final MemorySegment[] halves;
  private final CudaEvent[] free;
  private int next;

  /** Fills a part of the staging memory. */
  @FunctionalInterface
  interface Filling {
    /**
     * Fills one part.
     *
     * @param part native memory to fill
     * @param from offset of the part in the whole, in bytes
     */
    void fill(MemorySegment part, long from);
  }

  private CudaStaging(CudaStream stream, MemorySegment whole) {
    this.stream = stream;
    this.whole = whole;
    long half = whole.byteSize() / 2;
    halves = new MemorySegment[] {whole.asSlice(0, half), whole.asSlice(half, half)};
    free = new CudaEvent[] {CudaEvent.create(stream.context()), CudaEvent.create(stream.context())};
  }

  /** Staging memory of twice {@code halfBytes}. */
  static CudaStaging create(CudaStream stream, long halfBytes) {
    var context = stream.context();
    var whole = context.driver().allocateHost(Math.multiplyExact(2, halfBytes));
    CudaStaging staging;
    try {
      staging = new CudaStaging(stream, whole);
    } catch (RuntimeException | Error e) {
      context.driver().freeHost(whole);
      throw e;
    }
    context.keep(staging);
    return staging;
  }

  /** Copies to the device; returns when it is done. */
  void write(long target, MemorySegment source) {
    write(
        target,
        source.byteSize(),
        1,
        (part, from) -> MemorySegment.copy(source, from, part, 0, part.byteSize()));
    stream.synchronize();
  }

  /**
   * Copies what is made part by part; returns when all is made and enqueued.
   *
   * @param unit parts are multiples of this many bytes
   */
  void write(long target, long bytes, long unit, Filling filling) {
    long most = halves[0].byteSize() / unit * unit;
    if (most == 0) {
      throw new IllegalArgumentException(
          "staging: expected units of at most " + halves[0].byteSize() + " bytes, got " + unit);
    }
    var driver = stream.context().driver();
    for (long done = 0; done < bytes; done += most) {
      int half = next;
      next = 1 - next;
      free[half].synchronize();
      var part = halves[half].asSlice(0, Math.min(most, bytes - done));
      filling.fill(part, done);
      driver.copyToDevice(target + done, part, stream.handle());
      free[half].record(stream);
    }
  }

  /** Copies from the device, after the work enqueued so far; returns when it is done. */
  void read(MemorySegment target, long source) {
    var driver = stream.context().driver();
    stream.synchronize(); // Both halves are free then.
    long most = halves[0].byteSize();
    for (long done = 0; done < target.byteSize(); done += most) {
      var part = halves[0].asSlice(0, Math.min(most, target.byteSize() - done));
      driver.copyToHost(part, source + done, stream.handle());
      stream.synchronize();
      MemorySegment.copy(part, 0, target, done, part.byteSize());
    }
  }

  @Override
  public void release() {
    stream.context().driver().freeHost(whole);
  }
}
