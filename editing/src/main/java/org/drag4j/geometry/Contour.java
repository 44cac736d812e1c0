package org.drag4j.geometry;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;

/**
 * The outer border of one 8-connected component: the points where its direction changes, in tracing
 * order, {@code x} and {@code y} apart.
 */
final class Contour {
  private static final int[] DX = {1, 1, 0, -1, -1, -1, 0, 1};
  private static final int[] DY = {0, -1, -1, -1, 0, 1, 1, 1};
  private static final int WEST = 4;

  private int[] xs = new int[8];
  private int[] ys = new int[8];
  private int size;

  private Contour() {}

  /** The number of points. */
  int size() {
    return size;
  }

  int x(int i) {
    return xs[i];
  }

  int y(int i) {
    return ys[i];
  }

  int[] xs() {
    return Arrays.copyOf(xs, size);
  }

  int[] ys() {
    return Arrays.copyOf(ys, size);
  }

  private void add(int x, int y) {
    if (size == xs.length) {
      xs = Arrays.copyOf(xs, size * 2);
      ys = Arrays.copyOf(ys, size * 2);
    }
    xs[size] = x;
    ys[size] = y;
    size++;
  }

  /**
   * The outer borders of the components that lie in no hole of another one, in reverse raster order
   * of their first pixels: OpenCV's {@code findContours(RETR_EXTERNAL, CHAIN_APPROX_SIMPLE)}
   * (Suzuki and Abe 1985).
   */
  static List<Contour> external(RegionMask mask) {
    int width = mask.width();
    BitSet outside = outside(mask);
    BitSet seen = new BitSet(width * mask.height());
    List<Contour> contours = new ArrayList<>();
    for (int at = mask.next(0); at >= 0; at = mask.next(at + 1)) {
      if (seen.get(at)) {
        continue;
      }
      flood(mask, at, seen);
      int x = at % width;
      if (x == 0 || outside.get(at - 1)) {
        contours.add(trace(mask, x, at / width));
      }
    }
    Collections.reverse(contours);
    return contours;
  }

  /** Follows a border from its first pixel in raster order, down its left side first. */
  private static Contour trace(RegionMask mask, int x0, int y0) {
    Contour contour = new Contour();
    int direction = WEST;
    do {
      direction = (direction - 1) & 7;
    } while (direction != WEST && !mask.get(x0 + DX[direction], y0 + DY[direction]));
    if (direction == WEST) {
      contour.add(x0, y0);
      return contour;
    }
    int lastX = x0 + DX[direction];
    int lastY = y0 + DY[direction];
    int previous = direction ^ 4;
    int x = x0;
    int y = y0;
    while (true) {
      do {
        direction = (direction + 1) & 7;
      } while (!mask.get(x + DX[direction], y + DY[direction]));
      if (direction != previous) {
        contour.add(x, y);
        previous = direction;
      }
      int nextX = x + DX[direction];
      int nextY = y + DY[direction];
      if (nextX == x0 && nextY == y0 && x == lastX && y == lastY) {
        return contour;
      }
      x = nextX;
      y = nextY;
      direction = (direction + 4) & 7;
    }
  }

  /** Marks the 8-connected component of {@code start}. */
  private static void flood(RegionMask mask, int start, BitSet seen) {
    int width = mask.width();
    ArrayDeque<Integer> open = new ArrayDeque<>();
    seen.set(start);
    open.push(start);
    while (!open.isEmpty()) {
      int at = open.pop();
      for (int d = 0; d < 8; d++) {
        int x = at % width + DX[d];
        int y = at / width + DY[d];
        if (mask.get(x, y) && !seen.get(y * width + x)) {
          seen.set(y * width + x);
          open.push(y * width + x);
        }
      }
    }
  }

  /** The background that is 4-connected to the surroundings of the image. */
  private static BitSet outside(RegionMask mask) {
    int width = mask.width();
    int height = mask.height();
    BitSet outside = new BitSet(width * height);
    ArrayDeque<Integer> open = new ArrayDeque<>();
    for (int x = 0; x < width; x++) {
      reach(mask, x, 0, outside, open);
      reach(mask, x, height - 1, outside, open);
    }
    for (int y = 0; y < height; y++) {
      reach(mask, 0, y, outside, open);
      reach(mask, width - 1, y, outside, open);
    }
    while (!open.isEmpty()) {
      int at = open.pop();
      int x = at % width;
      int y = at / width;
      for (int d = 0; d < 8; d += 2) {
        reach(mask, x + DX[d], y + DY[d], outside, open);
      }
    }
    return outside;
  }

  private static void reach(
      RegionMask mask, int x, int y, BitSet outside, ArrayDeque<Integer> open) {
    if (x < 0 || y < 0 || x >= mask.width() || y >= mask.height() || mask.get(x, y)) {
      return;
    }
    int at = y * mask.width() + x;
    if (!outside.get(at)) {
      outside.set(at);
      open.push(at);
    }
  }
}
