package org.drag4j.kernels.cpu;

import java.util.Locale;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;

/**
 * Group norm over channels-last images, with the activation after it where there is one.
 *
 * <p>Each block of positions gives the mean and the sum of squares about it of every group; these
 * are merged in F64 (Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing
 * sample variances, 1979). The blocks depend on the shape alone, so the result does not depend on
 * the number of threads.
 */
final class GroupNormCpu implements Kernel {
  /** Blocks an image is cut into at least, as far as it has positions. */
  private static final int BLOCKS = 16;

  private static final int MIN_POSITIONS = 4;

  /** More would cost accuracy: see {@link RowMath#moments}. */
  private static final int MAX_POSITIONS = 256;

  private final CpuContext context;
  private final Value node;
  private final Op.GroupNorm norm;
  private final Optional<Op.UnaryFn> then;

  private GroupNormCpu(
      CpuContext context, Value node, Op.GroupNorm norm, Optional<Op.UnaryFn> then) {
    this.context = context;
    this.node = node;
    this.norm = norm;
    this.then = then;
  }

  /** Empty where anything else than one activation is fused to it. */
  static Optional<Kernel> select(CpuContext context, Value node) {
    return switch (node.op()) {
      case Op.GroupNorm norm ->
          Optional.of(new GroupNormCpu(context, node, norm, Optional.empty()));
      case Op.Fused(Op.GroupNorm norm, var then)
          when then.size() == 1 && then.getFirst() instanceof Op.Unary(var fn) ->
          Optional.of(new GroupNormCpu(context, node, norm, Optional.of(fn)));
      default -> Optional.empty();
    };
  }

  @Override
  public String name() {
    return "group_norm_f32_row"
        + then.map(fn -> "+" + fn.name().toLowerCase(Locale.ROOT)).orElse("");
  }

  @Override
  public Launch bind(Bindings at) {
    context.reserveScratch(2 * node.shape().dim(-1));
    var call = new Call(at);
    return call::enqueue;
  }

  /** The kernel with its operands' places and the statistics of a run. */
  private final class Call {
    private final Place x;
    private final Place scale;
    private final Place shift;
    private final Place y;
    private final int images = node.shape().dim(0);
    private final int channels = node.shape().dim(-1);
    private final int groups = norm.groups();
    private final int width = channels / groups;
    private final int positions =
        Math.toIntExact(node.shape().size() / Math.max(1, (long) images * channels));
    private final int block =
        Math.clamp(Math.ceilDiv(positions, BLOCKS), MIN_POSITIONS, MAX_POSITIONS);
    private final int blocks = Math.ceilDiv(positions, block);

    /** Mean and sum of squares about it, {@code [images][blocks][groups]}. */
    private final double[] means = new double[images * blocks * groups];

    private final double[] squares = new double[images * blocks * groups];

    /** Centers, scales and shifts of the channels of each image. */
    private final float[] factors = new float[images * 3 * channels];

    /** Positions of a task. */
    private final int each = Math.max(1, RowMath.CHUNK / Math.max(1, channels));

    private final int pieces = Math.ceilDiv(positions, each);
    private final Workers.Task statistics = this::statistics;
    private final Workers.Task merging = (image, _) -> merge(image);
    private final Workers.Task normalizing = (index, _) -> normalize(index);

    Call(Bindings at) {
      x = Place.of(at, node.in(0));
      scale = Place.of(at, node.in(1));
      shift = Place.of(at, node.in(2));
      y = Place.of(at, node);
    }

    void enqueue() {
      x.lookUp();
      scale.lookUp();
      shift.lookUp();
      y.lookUp();
      context.workers().run(images * blocks, statistics);
      context.workers().run(images, merging);
      context.workers().run(images * pieces, normalizing);
    }

    private int count(int inBlock) {
      return Math.min(block, positions - inBlock * block);
    }

    private void statistics(int index, int thread) {
      var sums = context.scratch(thread);
      int inBlock = index % blocks;
      int start = x.start() + (index / blocks * positions + inBlock * block) * channels;
      context.math().moments(x.floats(), start, count(inBlock), channels, sums);
      for (int g = 0; g < groups; g++) {
        join(start, g * width, count(inBlock), sums, index * groups + g);
      }
    }

    /** Statistics of a group in a block from those of its channels, about its first element. */
    private void join(int start, int first, int count, float[] sums, int to) {
      var from = x.floats();
      double about = from[start + first];
      double each = 1.0 / count;
      double sum = 0;
      double sumOfSquares = 0;
      double inside = 0;
      for (int c = first; c < first + width; c++) {
        double s = sums[c];
        double d = from[start + c] - about + s * each;
        sum += d;
        sumOfSquares += d * d;
        inside += sums[channels + c] - s * s * each;
      }
      means[to] = about + sum / width;
      squares[to] = inside + count * (sumOfSquares - sum * sum / width);
    }

    private void merge(int image) {
      for (int g = 0; g < groups; g++) {
        int first = image * blocks * groups + g;
        double sum = 0;
        for (int b = 0; b < blocks; b++) {
          sum += means[first + b * groups] * count(b);
        }
        double mean = sum / positions;
        double about = 0;
        for (int b = 0; b < blocks; b++) {
          double d = means[first + b * groups] - mean;
          about += squares[first + b * groups] + d * d * count(b) * width;
        }
        double variance = Math.max(0, about / ((double) positions * width));
        factors(image, g * width, mean, 1 / Math.sqrt(variance + norm.eps()));
      }
    }

    private void factors(int image, int first, double mean, double factor) {
      int centers = image * 3 * channels;
      int scales = centers + channels;
      int shifts = scales + channels;
      float center = (float) mean;
      for (int c = first; c < first + width; c++) {
        double s = factor * scale.floats()[scale.start() + c];
        factors[centers + c] = center;
        factors[scales + c] = (float) s;
        factors[shifts + c] = (float) (shift.floats()[shift.start() + c] + (center - mean) * s);
      }
    }

    private void normalize(int index) {
      int image = index / pieces;
      int first = index % pieces * each;
      int at = (image * positions + first) * channels;
      context
          .math()
          .normalizeColumns(
              then,
              x.floats(),
              x.start() + at,
              Math.min(each, positions - first),
              channels,
              factors,
              image * 3 * channels,
              y.floats(),
              y.start() + at);
    }
  }
}
