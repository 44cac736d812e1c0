package org.drag4j.kernels.cpu;

import java.util.Arrays;
import java.util.List;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.device.Slot;
import org.drag4j.graph.Value;

/**
 * 3x3 convolutions by {@link Winograd}: the pictures are cut into tiles, a tile's transform is a
 * row of each of {@code points} matrices, and each matrix is multiplied with its own transformed
 * weights. These are never kept: a few channels' worth is made in the second-level cache, used by
 * as many tiles as fit beside it, and made anew for the next ones.
 */
final class Conv2dWinograd implements Kernel {
  private static final String LABEL = "conv2d_f32_winograd_f";

  private final CpuContext context;
  private final Value node;
  private final List<Epilogue.Stage> then;
  private final Winograd winograd;
  private final boolean approximate;
  private final Tiles tiles;
  private final int inner;
  private final int columns;

  Conv2dWinograd(
      CpuContext context,
      Value node,
      List<Epilogue.Stage> then,
      Winograd winograd,
      boolean approximate) {
    this.context = context;
    this.node = node;
    this.then = then;
    this.winograd = winograd;
    this.approximate = approximate;
    this.inner = node.in(1).shape().dim(3);
    this.columns = node.in(1).shape().dim(0);
    var y = node.shape();
    tiles = new Tiles(y.dim(0), y.dim(1), y.dim(2), winograd.outputs());
  }

  /** What it costs in multiplications of the direct sum. */
  long cost() {
    int passes = Math.ceilDiv(tiles.count(), Run.MOST_TILES);
    return winograd.cost(tiles.count(), inner, columns, passes);
  }

  @Override
  public String name() {
    return LABEL + winograd.outputs() + "_" + Operands.tile(context.gemm());
  }

  @Override
  public boolean approximate() {
    return approximate;
  }

  @Override
  public long workspaceBytes() {
    return matricesBytes() + Factors.workspaceBytes(context, node);
  }

  private long matricesBytes() {
    return (long) winograd.points() * matrixStep() * Float.BYTES;
  }

  /** Tiles whose transforms are in memory at a time. */
  private int batch() {
    long each = (long) winograd.points() * inner * Float.BYTES;
    int all = tiles.count();
    return Math.clamp(Run.TRANSFORMED_BYTES / each, Math.min(Run.MOST_TILES, all), all);
  }

  // A step that is no power of two: the points of one tile would all compete for one cache set.
  private int matrixStep() {
    return batch() * inner + 16;
  }

  @Override
  public Launch bind(Bindings at) {
    var run =
        new Run(
            context,
            winograd,
            tiles,
            batch(),
            matrixStep(),
            Factors.of(context, node, at, matricesBytes()),
            inner,
            Epilogue.bind(context.math(), then, columns, at));
    var x = at.slot(node.in(0));
    var y = at.slot(node);
    var workspace = at.workspace();
    return () -> run.run(x, workspace, y);
  }

  /** Pictures {@code [N, H, W]} cut into squares, the last ones of a line sticking out. */
  record Tiles(int pictures, int height, int width, int side) {
    int across() {
      return Math.ceilDiv(width, side);
    }

    int down() {
      return Math.ceilDiv(height, side);
    }

    int count() {
      return pictures * down() * across();
    }
  }

  /** One convolution with its weights. */
  private static final class Run {
    /** Transformed pictures in memory at a time: more than that falls out of the caches. */
    private static final long TRANSFORMED_BYTES = 4L << 20;

    /** Tiles of a task at most. */
    private static final int MOST_TILES = 96;

    /** Channels whose weights are transformed at a time. */
    private static final int CHANNELS = 192;

    /** Transforming a panel's weights costs about as much as the products of this many tiles. */
    private static final int WEIGHT_TILES = 4;

    private final CpuContext context;
    private final Winograd winograd;
    private final Tiles tiles;
    private final int batch;
    private final int matrixStep;
    private final Factors factors;
    private final PackedWeight weight;
    private final int inner;
    private final Epilogue epilogue;
    private final int lanes = Lanes.floats().length();
    private final int channels;
    private final Workers.Task transforming = this::transform;
    private final Workers.Task multiplying = this::multiply;

    private float[] x = new float[0];
    private int xStart;
    private float[] v = new float[0];
    private int vStart;
    private float[] y = new float[0];
    private int yStart;
    private int first;
    private int count;
    private int each;

    Run(
        CpuContext context,
        Winograd winograd,
        Tiles tiles,
        int batch,
        int matrixStep,
        Factors factors,
        int inner,
        Epilogue epilogue) {
      this.context = context;
      this.winograd = winograd;
      this.tiles = tiles;
      this.batch = batch;
      this.matrixStep = matrixStep;
      this.factors = factors;
      weight = factors.weight();
      this.inner = inner;
      this.epilogue = epilogue;
      channels = Math.ceilDiv(inner, Math.ceilDiv(inner, CHANNELS));
      int width = context.gemm().panelWidth();
      int products = winograd.points() * (Math.min(MOST_TILES, batch) * width + 16);
      context.reserveScratch(
          patch()
              + Math.max(
                  winograd.points() * inner,
                  products + (winograd.points() + 9) * channels * width + winograd.points() * 16));
      context.reserveIndices(MOST_TILES);
    }

    /** Where a thread's copy of one tile starts in its scratch memory, after the transforms'. */
    private int patch() {
      return winograd.scratch();
    }

    void run(Slot from, Slot workspace, Slot to) {
      x = CpuMemory.floats(from);
      xStart = CpuMemory.start(from);
      v = CpuMemory.floats(workspace);
      vStart = CpuMemory.start(workspace);
      y = CpuMemory.floats(to);
      yStart = CpuMemory.start(to);
      factors.prepare();
      epilogue.prepare();
      for (first = 0; first < tiles.count(); first += batch) {
        count = Math.min(batch, tiles.count() - first);
        each = tilesOfATask();
        context.workers().run(count, transforming);
        context.workers().run(weight.panels() * Math.ceilDiv(count, each), multiplying);
      }
    }

    /** So many that the busiest thread has least to do. */
    private int tilesOfATask() {
      int step = context.gemm().tileRows();
      int best = step;
      long least = Long.MAX_VALUE;
      for (int n = MOST_TILES / step * step; n >= step; n -= step) {
        long tasks = (long) weight.panels() * Math.ceilDiv(count, n);
        long cost =
            Math.ceilDiv(tasks, context.workers().size()) * (Math.min(n, count) + WEIGHT_TILES);
        if (cost < least) {
          least = cost;
          best = n;
        }
      }
      return best;
    }

    /** Transforms one tile of the picture, all channels. */
    private void transform(int index, int thread) {
      int tile = first + index;
      int perPicture = tiles.down() * tiles.across();
      int top = tile % perPicture / tiles.across() * tiles.side() - 1;
      int left = tile % tiles.across() * tiles.side() - 1;
      int side = winograd.side();
      int picture = xStart + tile / perPicture * tiles.height() * tiles.width() * inner;
      float[] scratch = context.scratch(thread);
      float[] from = x;
      int at = picture + (top * tiles.width() + left) * inner;
      int rowStep = tiles.width() * inner;
      if (top < 0 || left < 0 || top + side > tiles.height() || left + side > tiles.width()) {
        cut(picture, top, left, scratch);
        from = scratch;
        at = patch();
        rowStep = side * inner;
      }
      int to = vStart + index * inner;
      for (int c = 0; c < inner; c += lanes) {
        winograd.input(from, at + c, rowStep, inner, v, to + c, matrixStep, scratch, 0);
      }
    }

    /** Copies the pixels under a tile that sticks out, zeros where there are none. */
    private void cut(int picture, int top, int left, float[] to) {
      int side = winograd.side();
      int from = Math.max(left, 0);
      int until = Math.min(left + side, tiles.width());
      for (int i = 0; i < side; i++) {
        int at = patch() + i * side * inner;
        int end = at + side * inner;
        if (top + i < 0 || top + i >= tiles.height()) {
          Arrays.fill(to, at, end, 0);
          continue;
        }
        int inside = at + (from - left) * inner;
        int length = (until - from) * inner;
        Arrays.fill(to, at, inside, 0);
        System.arraycopy(
            x, picture + ((top + i) * tiles.width() + from) * inner, to, inside, length);
        Arrays.fill(to, inside + length, end, 0);
      }
    }

    /** The products of one panel of columns with some tiles, and the pixels that come of them. */
    private void multiply(int index, int thread) {
      int panel = index % weight.panels();
      int begin = index / weight.panels() * each;
      int n = Math.min(each, count - begin);
      var gemm = weight.gemm(context, panel);
      int width = gemm.panelWidth();
      float[] scratch = context.scratch(thread);
      int products = patch();
      int step = n * width + 16;
      int u = products + winograd.points() * step;
      int[] rows = context.indices(thread);
      for (int i = 0; i < n; i++) {
        rows[i] = vStart + (begin + i) * inner;
      }
      for (int c = 0; c < inner; c += channels) {
        int k = Math.min(channels, inner - c);
        int uStep = k * width + 16;
        transformWeights(panel, c, k, uStep, u, scratch);
        for (int p = 0; p < winograd.points(); p++) {
          gemm.panel(
              v,
              rows,
              0,
              n,
              p * matrixStep + c,
              scratch,
              u + p * uStep,
              k,
              c == 0 ? context.zeros() : scratch,
              c == 0 ? 0 : products + p * step,
              c == 0 ? 0 : width,
              scratch,
              products + p * step,
              width);
        }
      }
      for (int i = 0; i < n; i++) {
        store(panel, first + begin + i, products + i * width, step, u, scratch);
      }
    }

    private void transformWeights(int panel, int c, int k, int uStep, int u, float[] scratch) {
      int width = weight.panelWidth(panel);
      int taps = u + winograd.points() * uStep;
      for (int tap = 0; tap < 9; tap++) {
        weight.copyRows(panel, tap * inner + c, k, scratch, taps + tap * k * width);
      }
      for (int at = 0; at < k * width; at += lanes) {
        winograd.weight(scratch, taps + at, k * width, scratch, u + at, uStep, scratch, 0);
      }
    }

    /** One tile's pixels, directly or, where the tile sticks out, by way of {@code spare}. */
    private void store(int panel, int tile, int from, int step, int spare, float[] scratch) {
      int all = weight.columns();
      int left = panel * context.gemm().panelWidth();
      int width = weight.columns(panel);
      int side = tiles.side();
      int line = tile / tiles.across();
      int picture = line / tiles.down();
      int top = line % tiles.down() * side;
      int across = tile % tiles.across() * side;
      int high = Math.min(side, tiles.height() - top);
      int wide = Math.min(side, tiles.width() - across);
      int row = (picture * tiles.height() + top) * tiles.width() + across;
      int at = yStart + row * all + left;
      if (high == side && wide == side) {
        for (int c = 0; c < width; c += lanes) {
          winograd.output(scratch, from + c, step, y, at + c, tiles.width() * all, all, scratch, 0);
        }
      } else {
        for (int c = 0; c < width; c += lanes) {
          winograd.output(
              scratch, from + c, step, scratch, spare + c, side * width, width, scratch, 0);
        }
        for (int i = 0; i < high; i++) {
          for (int j = 0; j < wide; j++) {
            System.arraycopy(
                scratch,
                spare + (i * side + j) * width,
                y,
                at + (i * tiles.width() + j) * all,
                width);
          }
        }
      }
      for (int i = 0; i < high; i++) {
        addBias(at + i * tiles.width() * all, wide, left, width);
        epilogue.apply(y, yStart, row + i * tiles.width(), wide, left, width);
      }
    }

    private void addBias(int at, int pixels, int left, int width) {
      if (factors.biased()) {
        for (int i = 0; i < pixels; i++) {
          context.math().add(y, at + i * weight.columns(), factors.biases(), left, width);
        }
      }
    }
  }
}
