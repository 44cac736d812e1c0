package org.drag4j.kernels.cpu;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;

/** Convolutions. */
final class Conv2dCpu {
  /** Ways to compute a convolution; where two cost the same, the first. */
  private enum Variant {
    WINOGRAD_F2 {
      @Override
      Optional<Choice> choice(
          CpuContext context, Value node, List<Epilogue.Stage> then, boolean exact) {
        return winograd(context, node, then, false);
      }
    },
    WINOGRAD_F4 {
      @Override
      Optional<Choice> choice(
          CpuContext context, Value node, List<Epilogue.Stage> then, boolean exact) {
        return exact ? Optional.empty() : winograd(context, node, then, true);
      }
    },
    DIRECT {
      @Override
      Optional<Choice> choice(
          CpuContext context, Value node, List<Epilogue.Stage> then, boolean exact) {
        var w = node.in(1).shape(); // [O, kh, kw, I]
        long pixels = node.shape().size() / w.dim(0);
        return Optional.of(new Choice(new Direct(context, node, then), pixels * w.size()));
      }
    };

    /** The kernel and what it costs, or empty where this way does not suit. */
    abstract Optional<Choice> choice(
        CpuContext context, Value node, List<Epilogue.Stage> then, boolean exact);

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    private static Optional<Choice> winograd(
        CpuContext context, Value node, List<Epilogue.Stage> then, boolean four) {
      if (!hasTiles(context, node)) {
        return Optional.empty();
      }
      var kernel =
          new Conv2dWinograd(context, node, then, four ? new Winograd4() : new Winograd2(), four);
      return Optional.of(new Choice(kernel, kernel.cost()));
    }

    /** Whether it is 3x3 around each pixel, and channels fill whole vectors. */
    private static boolean hasTiles(CpuContext context, Value node) {
      if (!(context.math() instanceof VectorRowMath)
          || !(node.op().body() instanceof Op.Conv2d c)) {
        return false;
      }
      var w = node.in(1).shape(); // [O, kh, kw, I]
      int lanes = Lanes.floats().length();
      return w.dim(1) == 3
          && w.dim(2) == 3
          && c.stride() == 1
          && c.padBefore() == 1
          && c.padAfter() == 1
          && w.dim(0) % lanes == 0
          && w.dim(3) % lanes == 0;
    }
  }

  /** Names of the variants. */
  static final List<String> VARIANTS = Arrays.stream(Variant.values()).map(Variant::label).toList();

  /** A kernel and its cost in multiplications. */
  private record Choice(Kernel kernel, long cost) {}

  private Conv2dCpu() {}

  /**
   * The variants that suit, the cheapest first; none where an operand is not of floats, or a fused
   * stage is one that the kernels do not have.
   */
  static SequencedMap<String, Kernel> candidates(CpuContext context, Value node, boolean exact) {
    var then = Epilogue.stages(node);
    var sorted = new LinkedHashMap<String, Kernel>();
    if (then.isEmpty() || !Operands.floats(node)) {
      return sorted;
    }
    var choices = new LinkedHashMap<String, Choice>();
    for (var v : Variant.values()) {
      v.choice(context, node, then.get(), exact)
          .ifPresent(choice -> choices.put(v.label(), choice));
    }
    choices.entrySet().stream()
        .sorted(Comparator.comparingLong(e -> e.getValue().cost()))
        .forEach(e -> sorted.put(e.getKey(), e.getValue().kernel()));
    return sorted;
  }

  /**
   * The plain sum as a matrix product. Channels being innermost, one row of a window is one run of
   * {@code kw * I} floats of the zero padded picture, which is all the product needs to know.
   */
  private static final class Direct implements Kernel {
    private final CpuContext context;
    private final Value node;
    private final List<Epilogue.Stage> then;
    private final Padding padding;
    private final int stride;

    Direct(CpuContext context, Value node, List<Epilogue.Stage> then) {
      this.context = context;
      this.node = node;
      this.then = then;
      if (!(node.op().body() instanceof Op.Conv2d conv)) {
        throw new IllegalArgumentException(node + ": expected a convolution");
      }
      stride = conv.stride();
      var x = node.in(0).shape();
      padding =
          new Padding(x.dim(0), x.dim(1), x.dim(2), x.dim(3), conv.padBefore(), conv.padAfter());
    }

    @Override
    public String name() {
      return "conv2d_f32_direct_" + Operands.tile(context.gemm());
    }

    @Override
    public long workspaceBytes() {
      return paddedBytes() + Factors.workspaceBytes(context, node);
    }

    private long paddedBytes() {
      return padding.none() ? 0 : padding.floats() * Float.BYTES;
    }

    @Override
    public Launch bind(Bindings at) {
      var w = node.in(1).shape(); // [O, kh, kw, I]
      int columns = w.dim(0);
      int inner = w.dim(3);
      int line = padding.paddedWidth() * inner;
      var geometry =
          new PanelProduct.Geometry(
              Math.toIntExact(node.shape().size() / columns),
              node.shape().dim(2),
              node.shape().dim(1),
              stride * inner,
              stride * line,
              padding.paddedHeight() * line,
              w.dim(1),
              w.dim(2) * inner,
              line);
      var product =
          new PanelProduct(
              context,
              geometry,
              Factors.of(context, node, at, paddedBytes()),
              false,
              Epilogue.bind(context.math(), then, columns, at));
      var x = at.slot(node.in(0));
      var y = at.slot(node);
      if (padding.none()) {
        return () ->
            product.run(
                CpuMemory.floats(x), CpuMemory.start(x), CpuMemory.floats(y), CpuMemory.start(y));
      }
      var padded = at.workspace();
      var pad = new Pad(context.workers(), padding, x, padded);
      return () -> {
        pad.run();
        product.run(
            CpuMemory.floats(padded),
            CpuMemory.start(padded),
            CpuMemory.floats(y),
            CpuMemory.start(y));
      };
    }
  }

  /** Pictures {@code [N, H, W, C]} and the zeros around each of them. */
  private record Padding(int pictures, int height, int width, int channels, int before, int after) {
    boolean none() {
      return before == 0 && after == 0;
    }

    int paddedHeight() {
      return before + height + after;
    }

    int paddedWidth() {
      return before + width + after;
    }

    long floats() {
      return (long) pictures * paddedHeight() * paddedWidth() * channels;
    }
  }

  /** Copies pictures between zeros, a task a line. */
  private static final class Pad {
    private final Workers workers;
    private final Padding padding;
    private final Slot from;
    private final Slot to;
    private final Workers.Task task = this::line;
    private float[] x = new float[0];
    private int xStart;
    private float[] y = new float[0];
    private int yStart;

    Pad(Workers workers, Padding padding, Slot from, Slot to) {
      this.workers = workers;
      this.padding = padding;
      this.from = from;
      this.to = to;
    }

    void run() {
      x = CpuMemory.floats(from);
      xStart = CpuMemory.start(from);
      y = CpuMemory.floats(to);
      yStart = CpuMemory.start(to);
      workers.run(padding.pictures() * padding.paddedHeight(), task);
    }

    private void line(int index, int thread) {
      int c = padding.channels();
      int length = padding.paddedWidth() * c;
      int at = yStart + index * length;
      int row = index % padding.paddedHeight() - padding.before();
      if (row < 0 || row >= padding.height()) {
        Arrays.fill(y, at, at + length, 0);
        return;
      }
      int picture = index / padding.paddedHeight();
      int source = xStart + (picture * padding.height() + row) * padding.width() * c;
      int inside = at + padding.before() * c;
      int end = inside + padding.width() * c;
      Arrays.fill(y, at, inside, 0);
      System.arraycopy(x, source, y, inside, padding.width() * c);
      Arrays.fill(y, end, at + length, 0);
    }
  }
}
