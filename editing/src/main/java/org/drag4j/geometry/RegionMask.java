package org.drag4j.geometry;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Queue;
import org.drag4j.picture.PixelMask;

/** An immutable set of pixels, or of latent cells, of one image. */
public final class RegionMask implements Region, PixelMask {
  /** How many pixels a latent cell measures along each side. */
  public static final int CELL = 8;

  private static final int MAX_PIXELS = 1 << 27;

  private final int width;
  private final int height;
  private final BitSet bits;

  /** Takes ownership of {@code bits}. */
  RegionMask(int width, int height, BitSet bits) {
    this.width = width;
    this.height = height;
    this.bits = bits;
  }

  /**
   * The pixels whose byte is not 0.
   *
   * @param values {@code [height, width]}, row by row
   * @throws IllegalArgumentException if the sizes disagree or exceed 134 million pixels
   */
  public static RegionMask of(int width, int height, byte[] values) {
    requireSize(width, height);
    if (values.length != width * height) {
      throw new IllegalArgumentException(
          "mask: expected "
              + width
              + "x"
              + height
              + " values, got "
              + values.length
              + "; give one value for each pixel");
    }
    BitSet bits = new BitSet(values.length);
    for (int i = 0; i < values.length; i++) {
      if (values[i] != 0) {
        bits.set(i);
      }
    }
    return new RegionMask(width, height, bits);
  }

  /** The pixels, or cells, that are true: {@code [height, width]}, row by row. */
  public static RegionMask of(int width, int height, boolean[] values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) (values[i] ? 1 : 0);
    }
    return of(width, height, bytes);
  }

  /** Every pixel of an image of that size. */
  public static RegionMask all(int width, int height) {
    requireSize(width, height);
    BitSet bits = new BitSet(width * height);
    bits.set(0, width * height);
    return new RegionMask(width, height, bits);
  }

  /** No pixel of an image of that size. */
  public static RegionMask none(int width, int height) {
    requireSize(width, height);
    return new RegionMask(width, height, new BitSet(width * height));
  }

  /** The pixels of a rectangle in an image of that size; the last column and row are not in it. */
  static RegionMask rectangle(int width, int height, int left, int top, int right, int bottom) {
    requireSize(width, height);
    BitSet bits = new BitSet(width * height);
    for (int y = top; y < bottom; y++) {
      bits.set(y * width + left, y * width + right);
    }
    return new RegionMask(width, height, bits);
  }

  static void requireSize(int width, int height) {
    if (width < 1 || height < 1 || (long) width * height > MAX_PIXELS) {
      throw new IllegalArgumentException(
          "image size: expected at least 1x1 and at most "
              + MAX_PIXELS
              + " pixels, got "
              + width
              + "x"
              + height
              + "; use another working size");
    }
  }

  /** Pixels per row. */
  @Override
  public int width() {
    return width;
  }

  /** Rows. */
  @Override
  public int height() {
    return height;
  }

  /** How many pixels are set. */
  public int count() {
    return bits.cardinality();
  }

  /** Whether no pixel is set. */
  public boolean isEmpty() {
    return bits.isEmpty();
  }

  /** Whether the pixel is set; false outside the image. */
  @Override
  public boolean get(int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < height && bits.get(y * width + x);
  }

  /** The index {@code y * width + x} of the first set pixel from {@code from} on; -1 at the end. */
  @Override
  public int next(int from) {
    return bits.nextSetBit(from);
  }

  /** The index of the first pixel from {@code from} on that is not set, perhaps past the last. */
  int nextClear(int from) {
    return bits.nextClearBit(from);
  }

  /** The pixels that are in this mask and in another of the same size. */
  public RegionMask within(RegionMask other) {
    requireSizeOf(other);
    BitSet both = (BitSet) bits.clone();
    both.and(other.bits);
    return new RegionMask(width, height, both);
  }

  /** Whether a pixel is in this mask and in another of the same size. */
  boolean meets(RegionMask other) {
    requireSizeOf(other);
    return bits.intersects(other.bits);
  }

  /**
   * The pixels of this mask and of another of the same size.
   *
   * @throws IllegalArgumentException if the sizes differ
   */
  public RegionMask union(RegionMask other) {
    requireSizeOf(other);
    BitSet both = (BitSet) bits.clone();
    both.or(other.bits);
    return new RegionMask(width, height, both);
  }

  private void requireSizeOf(RegionMask other) {
    if (other.width != width || other.height != height) {
      throw new IllegalArgumentException(
          "mask: expected "
              + width
              + "x"
              + height
              + ", got "
              + other.width
              + "x"
              + other.height
              + "; rasterise both for one image");
    }
  }

  /** The pixels of this mask that are not in another of the same size. */
  public RegionMask without(RegionMask other) {
    requireSizeOf(other);
    BitSet rest = (BitSet) bits.clone();
    rest.andNot(other.bits);
    return new RegionMask(width, height, rest);
  }

  /** The pixels of the cells {@code y * columns + x} of a view's grid, in the view's image. */
  public static RegionMask ofCells(View view, int... cells) {
    BitSet bits = new BitSet(view.width() * view.height());
    for (int cell : cells) {
      int column = cell % view.columns();
      int row = cell / view.columns();
      for (int y = view.top(row); y < view.top(row + 1); y++) {
        bits.set(y * view.width() + view.left(column), y * view.width() + view.left(column + 1));
      }
    }
    return new RegionMask(view.width(), view.height(), bits);
  }

  /**
   * This mask of a whole picture as a view shows it: every pixel of the image is that of the
   * picture at its centre.
   */
  public RegionMask in(View view) {
    if (view.windowWidth() == width
        && view.windowHeight() == height
        && view.width() == width
        && view.height() == height) {
      return this;
    }
    BitSet shown = new BitSet(view.width() * view.height());
    for (int y = 0; y < view.height(); y++) {
      int fromY = view.y() + (int) ((y + 0.5) * view.windowHeight() / view.height());
      for (int x = 0; x < view.width(); x++) {
        int fromX = view.x() + (int) ((x + 0.5) * view.windowWidth() / view.width());
        if (get(fromX, fromY)) {
          shown.set(y * view.width() + x);
        }
      }
    }
    return new RegionMask(view.width(), view.height(), shown);
  }

  /** The numbers {@code y * width + x} of all set pixels, in order. */
  public int[] pixels() {
    return bits.stream().toArray();
  }

  /**
   * For every set pixel, in order, the nearest one that is not set in {@code taken}; the pixel
   * itself where all are taken.
   */
  public int[] nearestOutside(RegionMask taken) {
    requireSizeOf(taken);
    int[] from = new int[width * height];
    Arrays.fill(from, -1);
    var queue = new ArrayDeque<Integer>();
    for (int i = 0; i < from.length; i++) {
      if (!taken.bits.get(i)) {
        from[i] = i;
        queue.add(i);
      }
    }
    while (!queue.isEmpty()) {
      int at = queue.remove();
      int x = at % width;
      int y = at / width;
      spread(from, at, x - 1, y, queue);
      spread(from, at, x + 1, y, queue);
      spread(from, at, x, y - 1, queue);
      spread(from, at, x, y + 1, queue);
    }
    return bits.stream().map(i -> from[i] < 0 ? i : from[i]).toArray();
  }

  private void spread(int[] from, int at, int x, int y, Queue<Integer> queue) {
    if (x >= 0 && y >= 0 && x < width && y < height && from[y * width + x] < 0) {
      from[y * width + x] = from[at];
      queue.add(y * width + x);
    }
  }

  /**
   * The smallest window that holds every pixel: left, top, right and bottom, the last two past it.
   */
  public int[] bounds() {
    int left = width;
    int right = 0;
    int top = height;
    int bottom = 0;
    for (int i = bits.nextSetBit(0); i >= 0; ) {
      int y = i / width;
      int stop = Math.min(bits.nextClearBit(i), (y + 1) * width);
      left = Math.min(left, i % width);
      right = Math.max(right, stop - y * width);
      top = Math.min(top, y);
      bottom = y + 1;
      i = bits.nextSetBit(stop);
    }
    return new int[] {left, top, right, bottom};
  }

  /**
   * The mean position of the set pixels.
   *
   * @throws IllegalArgumentException if none is set
   */
  public Point middle() {
    long x = 0;
    long y = 0;
    int count = 0;
    for (int at = next(0); at >= 0; at = next(at + 1)) {
      x += at % width;
      y += at / width;
      count++;
    }
    if (count == 0) {
      throw new IllegalArgumentException(
          "mask: expected at least one pixel, got none; paint the region");
    }
    return new Point((double) x / count, (double) y / count);
  }

  /**
   * How far each set pixel lies inside: steps to the nearest pixel that is not set, at most {@code
   * most}; a diagonal step counts 4/3. What lies beyond the image is no border.
   *
   * @return {@code [height, width]}, 0 where not set
   */
  @Override
  public float[] depth(int most) {
    int far = 3 * most;
    int[] steps = new int[width * height];
    for (int i = bits.nextSetBit(0); i >= 0; i = bits.nextSetBit(i + 1)) {
      steps[i] = far;
    }
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        steps[y * width + x] =
            Math.min(
                steps[y * width + x],
                Math.min(
                    Math.min(step(steps, x - 1, y, 3), step(steps, x, y - 1, 3)),
                    Math.min(step(steps, x - 1, y - 1, 4), step(steps, x + 1, y - 1, 4))));
      }
    }
    float[] depth = new float[steps.length];
    for (int y = height - 1; y >= 0; y--) {
      for (int x = width - 1; x >= 0; x--) {
        int at = y * width + x;
        steps[at] =
            Math.min(
                steps[at],
                Math.min(
                    Math.min(step(steps, x + 1, y, 3), step(steps, x, y + 1, 3)),
                    Math.min(step(steps, x + 1, y + 1, 4), step(steps, x - 1, y + 1, 4))));
        depth[at] = steps[at] / 3f;
      }
    }
    return depth;
  }

  private int step(int[] steps, int x, int y, int length) {
    return x < 0 || y < 0 || x >= width || y >= height
        ? Integer.MAX_VALUE
        : steps[y * width + x] + length;
  }

  /** This mask and every pixel at most {@code pixels} columns and rows away from it. */
  public RegionMask grown(int pixels) {
    // A square grows along each axis by itself: first every run of a row, then whole rows.
    BitSet wide = new BitSet(width * height);
    for (int y = 0; y < height; y++) {
      int row = y * width;
      int end = row + width;
      for (int i = bits.nextSetBit(row); i >= 0 && i < end; ) {
        int stop = Math.min(end, bits.nextClearBit(i));
        wide.set(Math.max(row, i - pixels), Math.min(end, stop + pixels));
        i = bits.nextSetBit(stop);
      }
    }
    BitSet grown = new BitSet(width * height);
    for (int y = 0; y < height; y++) {
      BitSet row = wide.get(y * width, (y + 1) * width);
      if (row.isEmpty()) {
        continue;
      }
      for (int to = Math.max(0, y - pixels); to <= Math.min(height - 1, y + pixels); to++) {
        for (int i = row.nextSetBit(0); i >= 0; ) {
          int stop = row.nextClearBit(i);
          grown.set(to * width + i, to * width + stop);
          i = row.nextSetBit(stop);
        }
      }
    }
    return new RegionMask(width, height, grown);
  }

  /**
   * The latent cells of this mask of pixels: those of which at least two of the centre 2x2 pixels
   * are set. That is what OpenCV's bilinear reduction to an eighth and rounding amount to; the
   * other 60 pixels never matter.
   *
   * @return a mask of {@code width / 8} by {@code height / 8}, rounded down; possibly empty
   * @throws IllegalArgumentException if the image is smaller than one cell
   */
  public RegionMask toCells() {
    int w = width / CELL;
    int h = height / CELL;
    requireSize(w, h);
    BitSet cells = new BitSet(w * h);
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        int at = (y * CELL + CELL / 2 - 1) * width + x * CELL + CELL / 2 - 1;
        if (bits.get(at, at + 2).cardinality() + bits.get(at + width, at + width + 2).cardinality()
            >= 2) {
          cells.set(y * w + x);
        }
      }
    }
    return new RegionMask(w, h, cells);
  }

  /**
   * This mask, of what an image shows of a region.
   *
   * @param kind what the region is called
   * @throws IllegalArgumentException if that is nothing
   */
  RegionMask requireShown(String kind) {
    if (isEmpty()) {
      throw new IllegalArgumentException(
          kind
              + ": expected at least one pixel inside the image of "
              + width
              + "x"
              + height
              + ", got none; move it into the image");
    }
    return this;
  }

  /** The complaint about a region that is too small for the latent grid. */
  static IllegalArgumentException coversNoCell() {
    return new IllegalArgumentException(
        "region: expected the centre of at least one cell of "
            + CELL
            + "x"
            + CELL
            + " pixels inside, got none; draw it larger");
  }

  /**
   * This mask sampled on a coarser grid, at the top left pixel {@code (x * width / columns, y *
   * height / rows)} of every cell: how RegionDrag reduces the editable area.
   *
   * @return {@code [rows, columns]}, row by row
   */
  public boolean[] sample(int columns, int rows) {
    if (columns < 1 || rows < 1 || columns > width || rows > height) {
      throw new IllegalArgumentException(
          "mask: expected a grid of 1x1 to "
              + width
              + "x"
              + height
              + ", got "
              + columns
              + "x"
              + rows
              + "; draw the mask at image size");
    }
    boolean[] sampled = new boolean[columns * rows];
    for (int y = 0; y < rows; y++) {
      int row = (int) ((long) y * height / rows) * width;
      for (int x = 0; x < columns; x++) {
        sampled[y * columns + x] = bits.get(row + (int) ((long) x * width / columns));
      }
    }
    return sampled;
  }

  /**
   * This mask, as levels of 0 and 255, resized by Pillow's antialiased bicubic filter in its
   * fixed-point arithmetic and cut at a level: how programs of the Python tools reduce a mask.
   *
   * @param above the level that a cell must exceed
   * @return {@code [rows, columns]}, row by row
   */
  public boolean[] bicubic(int columns, int rows, int above) {
    int[] levels = new int[width * height];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = bits.get(i) ? 255 : 0;
    }
    int[] narrow = Bicubic.of(width, columns).rows(levels, height);
    int[] turned = Bicubic.transposed(narrow, columns, height);
    int[] small = Bicubic.of(height, rows).rows(turned, columns);
    boolean[] cut = new boolean[columns * rows];
    for (int i = 0; i < cut.length; i++) {
      cut[i] = small[i % columns * rows + i / columns] > above;
    }
    return cut;
  }

  @Override
  public RegionMask rasterise(int width, int height) {
    if (width != this.width || height != this.height) {
      throw new IllegalArgumentException(
          "mask: expected "
              + width
              + "x"
              + height
              + " as the image, got "
              + this.width
              + "x"
              + this.height
              + "; paint the mask at the image's size");
    }
    if (isEmpty()) {
      throw new IllegalArgumentException(
          "mask: expected at least one pixel, got none; paint the region");
    }
    return this;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RegionMask that
        && width == that.width
        && height == that.height
        && bits.equals(that.bits);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * width + height) + bits.hashCode();
  }

  @Override
  public String toString() {
    return "RegionMask[" + width + "x" + height + ", " + count() + " set]";
  }
}
