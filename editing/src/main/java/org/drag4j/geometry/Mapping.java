package org.drag4j.geometry;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.drag4j.picture.Picture;

/**
 * An immutable list of pairs (source, target) of pixels or of latent cells. Order matters: where a
 * target occurs twice the later pair wins.
 */
public final class Mapping {
  /** No pairs at all. */
  public static final Mapping EMPTY = new Mapping(new int[0], new int[0], new int[0], new int[0]);

  private final int[] sourceX;
  private final int[] sourceY;
  private final int[] targetX;
  private final int[] targetY;

  private Mapping(int[] sourceX, int[] sourceY, int[] targetX, int[] targetY) {
    this.sourceX = sourceX;
    this.sourceY = sourceY;
    this.targetX = targetX;
    this.targetY = targetY;
  }

  /**
   * Pairs from four columns of one length.
   *
   * @throws IllegalArgumentException if the lengths differ
   */
  public static Mapping of(int[] sourceX, int[] sourceY, int[] targetX, int[] targetY) {
    int n = sourceX.length;
    if (sourceY.length != n || targetX.length != n || targetY.length != n) {
      throw new IllegalArgumentException(
          "mapping: expected columns of one length, got "
              + n
              + ", "
              + sourceY.length
              + ", "
              + targetX.length
              + ", "
              + targetY.length
              + "; pass whole pairs");
    }
    return new Mapping(sourceX.clone(), sourceY.clone(), targetX.clone(), targetY.clone());
  }

  /**
   * Pairs of cells by number.
   *
   * @param source {@code y * columns + x}, one a pair; likewise {@code target}
   */
  public static Mapping ofCells(int[] source, int[] target, int columns) {
    return of(
        Arrays.stream(source).map(cell -> cell % columns).toArray(),
        Arrays.stream(source).map(cell -> cell / columns).toArray(),
        Arrays.stream(target).map(cell -> cell % columns).toArray(),
        Arrays.stream(target).map(cell -> cell / columns).toArray());
  }

  /** The pairs of all parts, in order. */
  public static Mapping concat(List<Mapping> parts) {
    int total = 0;
    for (Mapping part : parts) {
      total = Math.addExact(total, part.size());
    }
    Builder builder = new Builder(total);
    for (Mapping part : parts) {
      for (int i = 0; i < part.size(); i++) {
        builder.add(part.sourceX[i], part.sourceY[i], part.targetX[i], part.targetY[i]);
      }
    }
    return builder.build();
  }

  /**
   * The pairs of all parts, but a target that several parts go to belongs to one of them: to that
   * whose targets' middle is nearest to it, the earlier one of two.
   *
   * @param width of the grid the targets lie on
   */
  public static Mapping nearest(List<Mapping> parts, int width, int height) {
    int[] owners = new int[Math.multiplyExact(width, height)];
    double[] distances = new double[owners.length];
    Arrays.fill(distances, Double.POSITIVE_INFINITY);
    for (int p = 0; p < parts.size(); p++) {
      Mapping part = parts.get(p);
      double middleX = Arrays.stream(part.targetX).average().orElse(0);
      double middleY = Arrays.stream(part.targetY).average().orElse(0);
      for (int i = 0; i < part.size(); i++) {
        int x = part.targetX[i];
        int y = part.targetY[i];
        double distance = Math.hypot(x - middleX, y - middleY);
        if (isInside(x, y, width, height) && distance < distances[y * width + x]) {
          distances[y * width + x] = distance;
          owners[y * width + x] = p;
        }
      }
    }
    Builder builder = new Builder(0);
    for (int p = 0; p < parts.size(); p++) {
      Mapping part = parts.get(p);
      for (int i = 0; i < part.size(); i++) {
        int x = part.targetX[i];
        int y = part.targetY[i];
        if (isInside(x, y, width, height) && owners[y * width + x] == p) {
          builder.add(part.sourceX[i], part.sourceY[i], x, y);
        }
      }
    }
    return builder.build();
  }

  /** The number of pairs, repeats counted. */
  public int size() {
    return sourceX.length;
  }

  /** Column of the source of pair {@code i}. */
  public int sourceX(int i) {
    return sourceX[i];
  }

  /** Row of the source of pair {@code i}. */
  public int sourceY(int i) {
    return sourceY[i];
  }

  /** Column of the target of pair {@code i}. */
  public int targetX(int i) {
    return targetX[i];
  }

  /** Row of the target of pair {@code i}. */
  public int targetY(int i) {
    return targetY[i];
  }

  /** Whether there are pairs, and in all of them the target is the source. */
  public boolean isStill() {
    return size() > 0 && Arrays.equals(sourceX, targetX) && Arrays.equals(sourceY, targetY);
  }

  /** All coordinates times {@code factor}: from cells to the pixels RegionDrag names them by. */
  public Mapping scaled(int factor) {
    return new Mapping(
        times(sourceX, factor),
        times(sourceY, factor),
        times(targetX, factor),
        times(targetY, factor));
  }

  private static int[] times(int[] values, int factor) {
    return Arrays.stream(values).map(v -> Math.multiplyExact(v, factor)).toArray();
  }

  /** All pairs moved: those of a window as pairs of the picture it is a part of. */
  public Mapping moved(int x, int y) {
    return new Mapping(plus(sourceX, x), plus(sourceY, y), plus(targetX, x), plus(targetY, y));
  }

  private static int[] plus(int[] values, int add) {
    return Arrays.stream(values).map(v -> Math.addExact(v, add)).toArray();
  }

  /** The pairs with both ends in an image, or on a grid of cells, of the given size. */
  public Mapping within(int width, int height) {
    Builder builder = new Builder(size());
    for (int i = 0; i < size(); i++) {
      if (isInside(sourceX[i], sourceY[i], width, height)
          && isInside(targetX[i], targetY[i], width, height)) {
        builder.add(sourceX[i], sourceY[i], targetX[i], targetY[i]);
      }
    }
    return builder.build();
  }

  /** The pairs whose target is in a mask. */
  public Mapping onto(RegionMask targets) {
    Builder builder = new Builder(size());
    for (int i = 0; i < size(); i++) {
      if (targets.get(targetX[i], targetY[i])) {
        builder.add(sourceX[i], sourceY[i], targetX[i], targetY[i]);
      }
    }
    return builder.build();
  }

  /** All pairs, sources moved to the nearest pixel inside; pairs with a target outside dropped. */
  public Mapping clamped(int width, int height) {
    Builder builder = new Builder(size());
    for (int i = 0; i < size(); i++) {
      if (isInside(targetX[i], targetY[i], width, height)) {
        builder.add(
            Math.clamp(sourceX[i], 0, width - 1),
            Math.clamp(sourceY[i], 0, height - 1),
            targetX[i],
            targetY[i]);
      }
    }
    return builder.build();
  }

  /**
   * The pairs of cells that these pairs of pixels stand for: each cell whose middle pixel is a
   * target takes the cell of that pixel's source.
   *
   * @param view whose image the pixels are of
   */
  Mapping nearestCells(View view) {
    Builder pairs = new Builder(0);
    for (int i = 0; i < size(); i++) {
      int column = view.column(targetX[i]);
      int row = view.row(targetY[i]);
      if (targetX[i] == (view.left(column) + view.left(column + 1)) / 2
          && targetY[i] == (view.top(row) + view.top(row + 1)) / 2
          && isInside(column, row, view.columns(), view.rows())) {
        pairs.add(view.column(sourceX[i]), view.row(sourceY[i]), column, row);
      }
    }
    return pairs.build();
  }

  /**
   * The pixels these pairs of cells stand for: each pixel of a target cell takes the one at the
   * same place of the source cell.
   *
   * @param view whose grid the cells are of
   */
  public Mapping spread(View view) {
    Builder pairs = new Builder(size());
    for (int i = 0; i < size(); i++) {
      int left = view.left(sourceX[i]);
      int top = view.top(sourceY[i]);
      int right = Math.max(left, view.left(sourceX[i] + 1) - 1);
      int bottom = Math.max(top, view.top(sourceY[i] + 1) - 1);
      int toLeft = view.left(targetX[i]);
      int toTop = view.top(targetY[i]);
      for (int y = toTop; y < view.top(targetY[i] + 1); y++) {
        for (int x = toLeft; x < view.left(targetX[i] + 1); x++) {
          // Cells of a scaled grid may differ by a pixel.
          pairs.add(Math.min(left + x - toLeft, right), Math.min(top + y - toTop, bottom), x, y);
        }
      }
    }
    return pairs.build();
  }

  /**
   * The sources as numbers {@code y * width + x}. A coordinate from {@code -size} to -1 counts from
   * the far end, as it does in the released RegionDrag; {@link #within} leaves none.
   *
   * @throws IllegalArgumentException if a coordinate lies farther outside
   */
  public int[] sourceCells(int width, int height) {
    return cells(sourceX, sourceY, width, height);
  }

  /** The targets, as {@link #sourceCells}. */
  public int[] targetCells(int width, int height) {
    return cells(targetX, targetY, width, height);
  }

  /** The set of sources. */
  public RegionMask sources(int width, int height) {
    return set(sourceCells(width, height), width, height);
  }

  /** The set of targets. */
  public RegionMask targets(int width, int height) {
    return set(targetCells(width, height), width, height);
  }

  private static RegionMask set(int[] cells, int width, int height) {
    RegionMask.requireSize(width, height);
    BitSet bits = new BitSet(width * height);
    for (int cell : cells) {
      bits.set(cell);
    }
    return new RegionMask(width, height, bits);
  }

  /**
   * The outer border points of the set of targets, as numbers {@code y * width + x}. "CP then
   * Encode" draws one column of handle noise for each, ahead of those of the sources.
   */
  public int[] targetBorderCells(int width, int height) {
    return Contour.external(targets(width, height)).stream()
        .flatMapToInt(contour ->
            IntStream.range(0, contour.size()).map(i -> contour.y(i) * width + contour.x(i)))
        .toArray();
  }

  /**
   * The instant preview: a copy of an image with every target pixel replaced by its source.
   *
   * @param image {@code [height, width, channels]}, interleaved
   */
  public byte[] copyPixels(byte[] image, int width, int height, int channels) {
    if (channels < 1 || image.length != (long) width * height * channels) {
      throw new IllegalArgumentException(
          "preview: expected "
              + width
              + "x"
              + height
              + "x"
              + channels
              + " bytes, got "
              + image.length
              + "; pass an interleaved image");
    }
    int[] from = sourceCells(width, height);
    int[] to = targetCells(width, height);
    byte[] out = image.clone();
    for (int i = 0; i < from.length; i++) {
      System.arraycopy(image, from[i] * channels, out, to[i] * channels, channels);
    }
    return out;
  }

  private static int[] cells(int[] xs, int[] ys, int width, int height) {
    int[] cells = new int[xs.length];
    for (int i = 0; i < cells.length; i++) {
      int x = xs[i] < 0 ? xs[i] + width : xs[i];
      int y = ys[i] < 0 ? ys[i] + height : ys[i];
      if (!isInside(x, y, width, height)) {
        throw new IllegalArgumentException(
            "pair "
                + i
                + ": expected a cell of "
                + width
                + "x"
                + height
                + ", got ("
                + xs[i]
                + ", "
                + ys[i]
                + "); drop pairs that leave the image");
      }
      cells[i] = y * width + x;
    }
    return cells;
  }

  private static boolean isInside(int x, int y, int width, int height) {
    return x >= 0 && y >= 0 && x < width && y < height;
  }

  /** A picture with every target pixel replaced by its source pixel. */
  public Picture copy(Picture picture) {
    int w = picture.width();
    int h = picture.height();
    return Picture.of(w, h, copyPixels(picture.rgb(), w, h, 3));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Mapping that
        && Arrays.equals(sourceX, that.sourceX)
        && Arrays.equals(sourceY, that.sourceY)
        && Arrays.equals(targetX, that.targetX)
        && Arrays.equals(targetY, that.targetY);
  }

  @Override
  public int hashCode() {
    int hash = Arrays.hashCode(sourceX);
    hash = 31 * hash + Arrays.hashCode(sourceY);
    hash = 31 * hash + Arrays.hashCode(targetX);
    return 31 * hash + Arrays.hashCode(targetY);
  }

  @Override
  public String toString() {
    return "Mapping[" + size() + " pairs]";
  }

  /** Collects pairs in order. */
  static final class Builder {
    private int[] columns;
    private int size;

    Builder(int expected) {
      columns = new int[Math.multiplyExact(4, Math.max(expected, 1))];
    }

    void add(int sourceX, int sourceY, int targetX, int targetY) {
      if (size * 4 == columns.length) {
        columns = Arrays.copyOf(columns, Math.multiplyExact(columns.length, 2));
      }
      columns[size * 4] = sourceX;
      columns[size * 4 + 1] = sourceY;
      columns[size * 4 + 2] = targetX;
      columns[size * 4 + 3] = targetY;
      size++;
    }

    Mapping build() {
      return new Mapping(column(0), column(1), column(2), column(3));
    }

    private int[] column(int which) {
      int[] out = new int[size];
      for (int i = 0; i < size; i++) {
        out[i] = columns[i * 4 + which];
      }
      return out;
    }
  }
}
