package org.drag4j.kernels.opencl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.drag4j.device.Slot;
import org.drag4j.tensor.DType;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;
import org.jspecify.annotations.Nullable;

/**
 * One kernel call with its arguments, which are set anew each time: the kernel object is shared,
 * and slots may have been bound to other memory.
 */
final class Call {
  /** Work-items of a group on a GPU where it makes no difference to the kernel. */
  private static final long GROUP = 64;

  private final OpenClContext context;
  private final cl_kernel kernel;
  private final String name;
  private final List<Argument> arguments;
  private final long[] global;
  private final long[] local;

  private sealed interface Argument {
    /** A number, memory of our own or, where {@code value} is null, local memory. */
    record Fixed(@Nullable Pointer value, long bytes) implements Argument {}

    /** A tensor: its buffer, its first element's index, its type. */
    final class Moving implements Argument {
      private final Slot slot;
      private final long bytes;
      private final long[] start = new long[1];
      private final Pointer startPointer = Pointer.to(start);
      private final Pointer type;

      Moving(Slot slot) {
        var dtype = slot.tensor().dtype();
        this.slot = slot;
        this.bytes = dtype.bytes();
        this.type = Pointer.to(new int[] {code(dtype)});
      }

      /** Sets three arguments from {@code index} on. */
      void set(Driver driver, cl_kernel kernel, int index) {
        var tensor = slot.tensor();
        start[0] = tensor.offset() / bytes;
        driver.setArgument(kernel, index, Sizeof.cl_mem, OpenClMemory.of(slot).pointer());
        driver.setArgument(kernel, index + 1, Sizeof.cl_long, startPointer);
        driver.setArgument(kernel, index + 2, Sizeof.cl_int, type);
      }
    }
  }

  private Call(
      OpenClContext context,
      cl_kernel kernel,
      String name,
      List<Argument> arguments,
      long[] global,
      long[] local) {
    this.context = context;
    this.kernel = kernel;
    this.name = name;
    this.arguments = List.copyOf(arguments);
    this.global = global;
    this.local = local;
  }

  static Builder of(OpenClContext context, String source, Variant variant, String kernel) {
    return new Builder(context, context.kernel(source, variant, kernel), variant, kernel);
  }

  /** The number by which kernels know an element type; whoever reads I32 does not look at it. */
  static int code(DType dtype) {
    return switch (dtype) {
      case F32, I32 -> 0;
      case F16 -> 1;
      case BF16 -> 2;
      case U8, F64, I64 ->
          throw new IllegalArgumentException(
              "opencl: expected F32, F16, BF16 or I32, got " + dtype);
    };
  }

  /** Enqueues it; nothing where there is no work. */
  void run() {
    for (long size : global) {
      if (size == 0) {
        return;
      }
    }
    var driver = context.driver();
    int index = 0;
    try {
      for (int i = 0; i < arguments.size(); i++) {
        switch (arguments.get(i)) {
          case Argument.Fixed(var value, var bytes) ->
              driver.setArgument(kernel, index++, bytes, value);
          case Argument.Moving moving -> {
            moving.set(driver, kernel, index);
            index += 3;
          }
        }
      }
    } catch (CLException e) {
      throw context.failed(name + ": arguments up to " + index, e);
    }
    context.enqueue(kernel, name, global, local);
  }

  /** Takes arguments in the order in which the kernel declares them. */
  static final class Builder {
    private final OpenClContext context;
    private final cl_kernel kernel;
    private final Variant variant;
    private final String name;
    private final List<Argument> arguments = new ArrayList<>();

    private Builder(OpenClContext context, cl_kernel kernel, Variant variant, String name) {
      this.context = context;
      this.kernel = kernel;
      this.variant = variant;
      this.name = name;
    }

    /** Three arguments: buffer, index of the first element (long), element type (int). */
    Builder slot(Slot slot) {
      arguments.add(new Argument.Moving(slot));
      return this;
    }

    /** One argument: a buffer. */
    Builder memory(OpenClMemory memory) {
      arguments.add(new Argument.Fixed(memory.pointer(), Sizeof.cl_mem));
      return this;
    }

    /** Three arguments: no tensor, where the kernel is told not to look. */
    Builder absent() {
      return nothing().arg(0L).arg(0);
    }

    /** One argument: no buffer, where the kernel is told not to look. */
    Builder nothing() {
      arguments.add(new Argument.Fixed(null, Sizeof.cl_mem));
      return this;
    }

    Builder arg(int value) {
      arguments.add(new Argument.Fixed(Pointer.to(new int[] {value}), Sizeof.cl_int));
      return this;
    }

    Builder arg(long value) {
      arguments.add(new Argument.Fixed(Pointer.to(new long[] {value}), Sizeof.cl_long));
      return this;
    }

    Builder arg(float value) {
      arguments.add(new Argument.Fixed(Pointer.to(new float[] {value}), Sizeof.cl_float));
      return this;
    }

    /** So many bytes of local memory. */
    Builder local(long bytes) {
      arguments.add(new Argument.Fixed(null, bytes));
      return this;
    }

    /**
     * So many work-items and, on a GPU, some beyond the end of the first dimension, which must find
     * nothing to do.
     */
    Call over(long... global) {
      var local = new long[global.length];
      Arrays.fill(local, 1);
      if (variant == Variant.TILE) {
        local[0] = GROUP;
        global[0] = Math.ceilDiv(global[0], GROUP) * GROUP;
      }
      return build(global, local);
    }

    /** So many work-groups of this many work-items each. */
    Call groups(long[] groups, long... local) {
      var global = new long[groups.length];
      for (int i = 0; i < global.length; i++) {
        global[i] = groups[i] * local[i];
      }
      return build(global, local);
    }

    private Call build(long[] global, long[] local) {
      return new Call(context, kernel, name, arguments, global, local);
    }
  }
}
