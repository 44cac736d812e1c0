package org.drag4j.kernels.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;

/**
 * 3x3 Winograd convolutions on a processor: see winograd.cl. Tiles are 2x2 pixels, which rounds no
 * worse than the plain sum, or 4x4, which rounds about twice as coarsely and so is approximate.
 */
final class WinogradCl {
  private static final int PANEL = 64;
  private static final int LANES = 16;

  /** Transformed pictures in memory at a time: more than that falls out of the last cache. */
  private static final long TRANSFORMED_BYTES = 16L << 20;

  /** Tiles of a work-item at most, whole register tiles of 6 rows; and at least. */
  private static final int MOST_TILES = 48;

  private static final int LEAST_TILES = 12;

  /** Channels whose weights are transformed at a time, at most and at least. */
  private static final int MOST_CHANNELS = 64;

  private static final int LEAST_CHANNELS = 16;

  /** Floats between the matrices of two points, lest they compete for the same cache lines. */
  private static final int APART = 16;

  /** Transforming a panel's weights costs about as much as the products of this many tiles. */
  private static final int WEIGHT_TILES = 4;

  private final OpenClContext context;
  private final Value node;
  private final Epilogue epilogue;
  private final Size size;
  private final int pictures;
  private final int height;
  private final int width;
  private final int inner;
  private final int columns;
  private final int most;
  private final int chunk;
  private final boolean exact;

  /** What a tile's transforms cost for one channel, in multiplications of the matrix product. */
  enum Size {
    F2(2, 200, 180, 200),
    F4(4, 730, 300, 380);

    private final int outputs;
    private final int inputCost;
    private final int weightCost;
    private final int outputCost;

    Size(int outputs, int inputCost, int weightCost, int outputCost) {
      this.outputs = outputs;
      this.inputCost = inputCost;
      this.weightCost = weightCost;
      this.outputCost = outputCost;
    }

    /** As options spell it. */
    String label() {
      return "winograd_" + name().toLowerCase(Locale.ROOT);
    }

    boolean approximate() {
      return this == F4;
    }

    int points() {
      return (outputs + 2) * (outputs + 2);
    }
  }

  private WinogradCl(
      OpenClContext context,
      Value node,
      Epilogue epilogue,
      Size size,
      int most,
      int chunk,
      boolean exact) {
    var w = node.in(1).shape(); // [O, kh, kw, I]
    var y = node.shape();
    this.context = context;
    this.node = node;
    this.epilogue = epilogue;
    this.size = size;
    this.pictures = y.dim(0);
    this.height = y.dim(1);
    this.width = y.dim(2);
    this.inner = w.dim(3);
    this.columns = w.dim(0);
    this.most = most;
    this.chunk = chunk;
    this.exact = exact;
  }

  /**
   * A size that is not approximate makes long sums of shorter ones where results are to be exact.
   * Empty where the convolution is not 3x3 around each pixel, channels do not fill whole vectors,
   * or the device has too little local memory.
   */
  static Optional<WinogradCl> of(
      OpenClContext context, Value node, Epilogue epilogue, Size size, boolean exact) {
    var w = node.in(1).shape();
    if (!(node.op().body() instanceof Op.Conv2d c)
        || w.dim(1) != 3
        || w.dim(2) != 3
        || c.stride() != 1
        || c.padBefore() != 1
        || c.padAfter() != 1
        || w.dim(0) % LANES != 0
        || w.dim(3) % LANES != 0) {
      return Optional.empty();
    }
    int tiles = MOST_TILES;
    int channels = MOST_CHANNELS;
    while (localBytes(size, tiles, channels) > context.info().localMemory()) {
      if (channels > LEAST_CHANNELS) {
        channels /= 2;
      } else if (tiles > LEAST_TILES) {
        tiles /= 2;
      } else {
        return Optional.empty();
      }
    }
    return Optional.of(new WinogradCl(context, node, epilogue, size, tiles, channels, exact));
  }

  private static long localBytes(Size size, int tiles, int channels) {
    return productBytes(size, tiles) + productBytes(size, channels);
  }

  /** Of a matrix of rows of a panel for each point. */
  private static long productBytes(Size size, int rows) {
    return (long) size.points() * (rows * PANEL + APART) * Float.BYTES;
  }

  private int across() {
    return Math.ceilDiv(width, size.outputs);
  }

  private int down() {
    return Math.ceilDiv(height, size.outputs);
  }

  private int tiles() {
    return Math.multiplyExact(pictures, down() * across());
  }

  private int panels() {
    return Math.ceilDiv(columns, PANEL);
  }

  /** What it costs in multiplications of the direct sum. */
  long cost() {
    long passes = Math.ceilDiv(tiles(), most);
    long products = (long) tiles() * size.points() * inner * columns;
    long weights = passes * size.weightCost * inner * columns;
    return products
        + weights
        + tiles() * ((long) size.inputCost * inner + (long) size.outputCost * columns);
  }

  private String parts() {
    return exact && !size.approximate() ? "_parts" : "";
  }

  Kernel kernel() {
    var name = "conv2d_" + context.prefix() + "_" + size.label() + "_6x" + PANEL + parts();
    long workspace = Factors.workspaceBytes(node, PANEL, matricesBytes());
    return new Prepared(name, size.approximate(), workspace, this::bind);
  }

  private long matricesBytes() {
    return size.points() * matrixStep() * Float.BYTES;
  }

  /** Tiles whose transforms are in memory at a time. */
  private int batch() {
    long each = (long) size.points() * inner * Float.BYTES;
    int all = tiles();
    return Math.clamp(TRANSFORMED_BYTES / each, Math.min(most, all), all);
  }

  /** A step that is no power of two: the points of one tile would compete for one cache set. */
  private long matrixStep() {
    return (long) batch() * inner + APART;
  }

  private Launch bind(Bindings at) {
    var factors = Factors.of(context, node, at, PANEL, matricesBytes());
    var calls = new ArrayList<Call>();
    for (int first = 0; first < tiles(); first += batch()) {
      int count = Math.min(batch(), tiles() - first);
      calls.add(transform(at, first, count));
      calls.add(multiply(at, factors, first, count));
    }
    var all = List.copyOf(calls);
    return factors.before(() -> all.forEach(Call::run));
  }

  private Call transform(Bindings at, int first, int count) {
    return Call.of(context, "winograd", Variant.PANEL, "winograd" + size.outputs + "_input")
        .slot(at.slot(node.in(0)))
        .slot(at.workspace())
        .arg(matrixStep())
        .arg(first)
        .arg(height)
        .arg(width)
        .arg(across())
        .arg(down())
        .arg(inner)
        .over(count);
  }

  private Call multiply(Bindings at, Factors factors, int first, int count) {
    int each = tilesOfAnItem(count);
    var call =
        Call.of(
                context,
                "winograd",
                Variant.PANEL,
                "winograd" + size.outputs + "_product" + parts())
            .slot(at.workspace())
            .arg(matrixStep());
    factors
        .addTo(call)
        .slot(at.slot(node))
        .arg(first)
        .arg(count)
        .arg(each)
        .arg(inner)
        .arg(chunk)
        .arg(columns)
        .arg(height)
        .arg(width)
        .arg(across())
        .arg(down())
        .local(productBytes(size, each))
        .local(productBytes(size, chunk));
    return epilogue.addTo(call, at).over(Math.ceilDiv(count, each), panels());
  }

  /** So many that the busiest processor has least to do. */
  private int tilesOfAnItem(int count) {
    int step = LEAST_TILES / 2;
    int best = step;
    long least = Long.MAX_VALUE;
    for (int n = most / step * step; n >= step; n -= step) {
      long items = (long) panels() * Math.ceilDiv(count, n);
      long cost = Math.ceilDiv(items, context.info().units()) * (Math.min(n, count) + WEIGHT_TILES);
      if (cost < least) {
        least = cost;
        best = n;
      }
    }
    return best;
  }
}
