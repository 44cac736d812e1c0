package org.drag4j.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A kernel with its launch shape and its one argument, a struct by value. Everything the driver
 * reads is native memory laid out beforehand; the struct's fields may be rewritten between
 * launches, since the driver copies them when it is called.
 */
public final class KernelCall implements StreamCall {
  /**
   * Blocks, threads a block and dynamic shared memory.
   *
   * @param clusterX blocks of a cluster along x; 1 for none
   * @param overlaps whether it may start before the work ahead of it has finished, the kernel
   *     itself waiting where it must (programmatic dependent launch)
   */
  public record Shape(
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int sharedBytes,
      int clusterX,
      boolean overlaps) {
    public Shape {
      if (gridX < 1 || gridY < 1 || gridZ < 1 || blockX < 1 || blockY < 1 || blockZ < 1) {
        throw new IllegalArgumentException(
            "launch: expected at least one block and thread, got "
                + gridX
                + "x"
                + gridY
                + "x"
                + gridZ
                + " blocks of "
                + blockX
                + "x"
                + blockY
                + "x"
                + blockZ);
      }
      if (sharedBytes < 0 || clusterX < 1 || gridX % clusterX != 0) {
        throw new IllegalArgumentException(
            "launch: expected shared memory >= 0 and whole clusters, got "
                + sharedBytes
                + " bytes, clusters of "
                + clusterX
                + " in "
                + gridX
                + " blocks");
      }
    }

    /** A plain launch. */
    public static Shape of(int gridX, int gridY, int gridZ, int threads, int sharedBytes) {
      return new Shape(gridX, gridY, gridZ, threads, 1, 1, sharedBytes, 1, false);
    }

    /** Whether only {@code cuLaunchKernelEx} can do it. */
    boolean extended() {
      return clusterX > 1 || overlaps;
    }
  }

  private static final long PARAM_END = 0;
  private static final long PARAM_BUFFER_POINTER = 1;
  private static final long PARAM_BUFFER_SIZE = 2;

  private static final long CONFIG_BYTES = 56; // CUlaunchConfig
  private static final long CONFIG_STREAM = 32;
  private static final long CONFIG_ATTRIBUTES = 40;
  private static final long CONFIG_COUNT = 48;
  private static final long ATTRIBUTE_BYTES = 72; // CUlaunchAttribute
  private static final long ATTRIBUTE_VALUE = 8;
  private static final int ATTRIBUTE_CLUSTER_DIMENSION = 4;
  private static final int ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION = 6;

  private final long function;
  private final Shape shape;
  private final MemorySegment arguments;
  private final MemorySegment extra;
  private final MemorySegment config;

  private KernelCall(
      long function,
      Shape shape,
      MemorySegment arguments,
      MemorySegment extra,
      MemorySegment config) {
    this.function = function;
    this.shape = shape;
    this.arguments = arguments;
    this.extra = extra;
    this.config = config;
  }

  /**
   * A call whose native parts live as long as the arena.
   *
   * @param arguments the struct, in native memory that lives as long
   */
  public static KernelCall of(Arena arena, long function, Shape shape, MemorySegment arguments) {
    if (!arguments.isNative() || arguments.byteSize() == 0) {
      throw new IllegalArgumentException(
          "launch: expected arguments in native memory, got " + arguments.byteSize() + " bytes");
    }
    var size = arena.allocateFrom(JAVA_LONG, arguments.byteSize());
    var extra = arena.allocate(ADDRESS, 5);
    extra.setAtIndex(JAVA_LONG, 0, PARAM_BUFFER_POINTER);
    extra.setAtIndex(ADDRESS, 1, arguments);
    extra.setAtIndex(JAVA_LONG, 2, PARAM_BUFFER_SIZE);
    extra.setAtIndex(ADDRESS, 3, size);
    extra.setAtIndex(JAVA_LONG, 4, PARAM_END);
    var config = shape.extended() ? config(arena, shape) : MemorySegment.NULL;
    return new KernelCall(function, shape, arguments, extra, config);
  }

  private static MemorySegment config(Arena arena, Shape shape) {
    var config = arena.allocate(CONFIG_BYTES, 8);
    int[] sizes = {
      shape.gridX(), shape.gridY(), shape.gridZ(),
      shape.blockX(), shape.blockY(), shape.blockZ(),
      shape.sharedBytes()
    };
    for (int i = 0; i < sizes.length; i++) {
      config.setAtIndex(JAVA_INT, i, sizes[i]);
    }
    var attributes = arena.allocate(2 * ATTRIBUTE_BYTES, 8);
    int count = 0;
    if (shape.clusterX() > 1) {
      var cluster = attributes.asSlice(ATTRIBUTE_BYTES * count++, ATTRIBUTE_BYTES);
      cluster.set(JAVA_INT, 0, ATTRIBUTE_CLUSTER_DIMENSION);
      cluster.set(JAVA_INT, ATTRIBUTE_VALUE, shape.clusterX());
      cluster.set(JAVA_INT, ATTRIBUTE_VALUE + 4, 1);
      cluster.set(JAVA_INT, ATTRIBUTE_VALUE + 8, 1);
    }
    if (shape.overlaps()) {
      var overlap = attributes.asSlice(ATTRIBUTE_BYTES * count++, ATTRIBUTE_BYTES);
      overlap.set(JAVA_INT, 0, ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION);
      overlap.set(JAVA_INT, ATTRIBUTE_VALUE, 1);
    }
    config.set(ADDRESS, CONFIG_ATTRIBUTES, attributes);
    config.set(JAVA_INT, CONFIG_COUNT, count);
    return config;
  }

  public long function() {
    return function;
  }

  public Shape shape() {
    return shape;
  }

  /** The struct. */
  public MemorySegment arguments() {
    return arguments;
  }

  /** {@code cuLaunchKernel}'s last argument. */
  MemorySegment extra() {
    return extra;
  }

  /** {@code cuLaunchKernelEx}'s first argument, for a stream. */
  MemorySegment config(long stream) {
    config.set(JAVA_LONG, CONFIG_STREAM, stream);
    return config;
  }
}
