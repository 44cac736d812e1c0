package org.drag4j.kernels.cpu;

/**
 * Activations times packed weights: what linear layers and direct convolutions have in common. A
 * task is one panel of columns times one block of rows. Every element is summed in the same order
 * whatever the blocks, so results do not depend on the number of threads.
 */
final class PanelProduct {
  /**
   * Where the operands of the result's rows are: row r belongs to pixel (r / width % height, r %
   * width) of picture r / (width * height), and is the product of {@code runs} runs of {@code
   * length} floats, {@code runStep} apart, with the weights one after the other.
   */
  record Geometry(
      int rows,
      int width,
      int height,
      int xStep,
      int yStep,
      int pictureStep,
      int runs,
      int length,
      int runStep) {
    /** Rows {@code [rows][length]} one after the other. */
    static Geometry dense(int rows, int length) {
      return new Geometry(rows, rows, 1, length, 0, 0, 1, length, 0);
    }
  }

  /** Rows of weights at a time: with 64 columns 128 KB, which stay in the second-level cache. */
  private static final int BLOCK_LENGTH = 512;

  /** Rows of a block at most: with their weights they stay in the second-level cache, too. */
  private static final int BLOCK_ROWS = 504;

  private final CpuContext context;
  private final Geometry geometry;
  private final Factors factors;
  private final PackedWeight weight;
  private final boolean gated;
  private final int panels;
  private final int columns;
  private final float[] initial;
  private final Epilogue epilogue;
  private final int blockLength;
  private final int blockRows;
  private final int tasks;
  private final Workers.Task task = this::block;

  private float[] a = new float[0];
  private int aStart;
  private float[] c = new float[0];
  private int cStart;

  /** Whether each half of the columns is a whole number of panels. */
  static boolean canGate(Gemm gemm, int columns) {
    return columns % (2 * gemm.panelWidth()) == 0;
  }

  /**
   * @param gated whether the result is half as wide: the first half of the columns times the GELU
   *     of the second
   * @param epilogue what is done to the result
   */
  PanelProduct(
      CpuContext context, Geometry geometry, Factors factors, boolean gated, Epilogue epilogue) {
    this.context = context;
    this.geometry = geometry;
    this.factors = factors;
    weight = factors.weight();
    this.gated = gated;
    panels = gated ? weight.panels() / 2 : weight.panels();
    columns = gated ? weight.columns() / 2 : weight.columns();
    initial = factors.biases();
    this.epilogue = epilogue;
    int blocks = Math.ceilDiv(geometry.length(), BLOCK_LENGTH);
    blockLength = Math.ceilDiv(geometry.length(), blocks);
    var gemm = context.gemm();
    blockRows = blockRows(geometry.rows(), gemm.tileRows(), panels, context.workers().size());
    tasks = Math.multiplyExact(panels, Math.ceilDiv(geometry.rows(), blockRows));
    context.reserveScratch((blockLength + (gated ? 2 : 1) * blockRows) * gemm.panelWidth());
    context.reserveIndices(blockRows);
  }

  /** Rows of a block so that the busiest thread has least to do. */
  private static int blockRows(int rows, int tile, int panels, int threads) {
    // Widening a panel's weights costs about as much as this many rows do.
    int overhead = 4;
    int best = tile;
    long least = Long.MAX_VALUE;
    for (int block = BLOCK_ROWS / tile * tile; block >= tile; block -= tile) {
      long each = Math.ceilDiv((long) panels * Math.ceilDiv(rows, block), threads);
      long cost = each * (Math.min(block, rows) + overhead);
      if (cost < least) {
        least = cost;
        best = block;
      }
    }
    return best;
  }

  /** Computes the result at {@code c} from the activations at {@code a}. */
  void run(float[] a, int aStart, float[] c, int cStart) {
    this.a = a;
    this.aStart = aStart;
    this.c = c;
    this.cStart = cStart;
    factors.prepare();
    epilogue.prepare();
    context.workers().run(tasks, task);
  }

  private void block(int index, int thread) {
    int panel = index % panels;
    int top = index / panels * blockRows;
    int count = Math.min(blockRows, geometry.rows() - top);
    int left = panel * weight.panelWidth();
    int width = weight.columns(panel);
    int at = cStart + top * columns + left;
    int[] rows = context.indices(thread);
    locate(top, count, rows);
    float[] scratch = context.scratch(thread);
    int panelWidth = weight.panelWidth(panel);
    int sums = blockLength * panelWidth;
    if (gated) {
      int gates = sums + count * panelWidth;
      multiply(panel, rows, count, scratch, sums, scratch, sums, panelWidth);
      multiply(panels + panel, rows, count, scratch, gates, scratch, gates, panelWidth);
      context.math().geglu(scratch, sums, gates, scratch, gates, count * panelWidth);
      store(scratch, gates, panelWidth, count, at, width);
    } else if (width < panelWidth) {
      multiply(panel, rows, count, scratch, sums, scratch, sums, panelWidth);
      store(scratch, sums, panelWidth, count, at, width);
    } else {
      multiply(panel, rows, count, scratch, sums, c, at, columns);
    }
    epilogue.apply(c, cStart, top, count, left, width);
  }

  private void store(float[] from, int start, int stride, int count, int at, int width) {
    for (int r = 0; r < count; r++) {
      System.arraycopy(from, start + r * stride, c, at + r * columns, width);
    }
  }

  /**
   * The products of all runs. Rows of a result are pages apart: what is not yet their sum is kept
   * close together in the scratch memory from {@code sums} on.
   */
  private void multiply(
      int panel,
      int[] rows,
      int count,
      float[] scratch,
      int sums,
      float[] result,
      int resultStart,
      int resultStride) {
    var gemm = weight.gemm(context, panel);
    int width = weight.panelWidth(panel);
    int all = geometry.runs() * geometry.length();
    float[] before = initial;
    int start = panel * weight.panelWidth();
    int stride = 0;
    for (int run = 0; run < geometry.runs(); run++) {
      for (int from = 0; from < geometry.length(); from += blockLength) {
        int length = Math.min(blockLength, geometry.length() - from);
        int row = run * geometry.length() + from;
        float[] b = weight.rows(panel, row, length, scratch);
        int bStart = weight.start(panel, row);
        int delta = run * geometry.runStep() + from;
        boolean last = row + length == all;
        float[] to = last ? result : scratch;
        int at = last ? resultStart : sums;
        int step = last ? resultStride : width;
        gemm.panel(
            a, rows, 0, count, delta, b, bStart, length, before, start, stride, to, at, step);
        before = scratch;
        start = sums;
        stride = width;
      }
    }
  }

  private void locate(int top, int count, int[] rows) {
    int width = geometry.width();
    int y = top / width;
    int x = top % width;
    for (int r = 0; r < count; r++) {
      rows[r] =
          aStart
              + y / geometry.height() * geometry.pictureStep()
              + y % geometry.height() * geometry.yStep()
              + x * geometry.xStep();
      if (++x == width) {
        x = 0;
        y++;
      }
    }
  }
}
