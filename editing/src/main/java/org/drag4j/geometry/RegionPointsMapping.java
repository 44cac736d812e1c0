package org.drag4j.geometry;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A region moved by arrows: every blob follows the arrows that start on it, points between them by
 * inverse-distance weights of the four nearest (RegionDrag's region and points).
 *
 * <p>Everything rounds to half precision after each operation, as the released code computes.
 */
public record RegionPointsMapping(Region region, List<Arrow> arrows) implements RegionMapping {
  private static final int MAX_ARROWS = 1024;
  private static final int NEIGHBOURS = 4;
  private static final int MAX_REFERENCES = 100;
  private static final float SOFTENING = 1e-4f;

  public RegionPointsMapping {
    arrows = List.copyOf(arrows);
    if (arrows.isEmpty() || arrows.size() > MAX_ARROWS) {
      throw new IllegalArgumentException(
          "region and points: expected 1 to "
              + MAX_ARROWS
              + " arrows, got "
              + arrows.size()
              + "; draw at least one arrow that starts on the region");
    }
  }

  @Override
  public Mapping pixels(int width, int height) {
    return map(region.rasterise(width, height), arrows);
  }

  @Override
  public Mapping cells(int width, int height) {
    double scale = 1.0 / RegionMask.CELL;
    return map(
        region.rasteriseCells(width, height),
        arrows.stream().map(arrow -> arrow.scaled(scale, scale)).toList());
  }

  /** The numbers of the arrows that start on none of the region's cells. */
  List<Integer> idle(int width, int height) {
    double scale = 1.0 / RegionMask.CELL;
    var blobs =
        Contour.external(region.rasteriseCells(width, height)).stream()
            .map(blob ->
                PolygonFill.fill(
                    blob.xs(), blob.ys(), width / RegionMask.CELL, height / RegionMask.CELL))
            .toList();
    return IntStream.range(0, arrows.size())
        .filter(i -> {
          var from = arrows.get(i).from().scaled(scale, scale);
          return blobs.stream().noneMatch(blob -> blob.get((int) from.x(), (int) from.y()));
        })
        .boxed()
        .toList();
  }

  private static Mapping map(RegionMask mask, List<Arrow> arrows) {
    Mapping.Builder pairs = new Mapping.Builder(mask.count());
    boolean moved = false;
    for (Contour contour : Contour.external(mask)) {
      if (startsNear(contour, arrows)) {
        RegionMask blob = PolygonFill.fill(contour.xs(), contour.ys(), mask.width(), mask.height());
        List<Arrow> own = new ArrayList<>();
        for (Arrow arrow : arrows) {
          if (blob.get((int) arrow.from().x(), (int) arrow.from().y())) {
            own.add(arrow);
          }
        }
        if (!own.isEmpty()) {
          move(contour, blob, own, pairs);
          moved = true;
        }
      }
    }
    if (!moved) {
      throw new IllegalArgumentException(
          "region and points: expected an arrow that starts on the region, got none of "
              + arrows.size()
              + "; start it inside");
    }
    return pairs.build();
  }

  /** Whether any arrow starts in the contour's bounding box: spares filling the others. */
  private static boolean startsNear(Contour contour, List<Arrow> arrows) {
    int left = Arrays.stream(contour.xs()).min().orElse(0);
    int right = Arrays.stream(contour.xs()).max().orElse(-1);
    int top = Arrays.stream(contour.ys()).min().orElse(0);
    int bottom = Arrays.stream(contour.ys()).max().orElse(-1);
    return arrows.stream()
        .anyMatch(arrow -> {
          int x = (int) arrow.from().x();
          int y = (int) arrow.from().y();
          return x >= left && x <= right && y >= top && y <= bottom;
        });
  }

  private static void move(
      Contour contour, RegionMask blob, List<Arrow> arrows, Mapping.Builder pairs) {
    int width = blob.width();
    int height = blob.height();
    Displacement forward = new Displacement(arrows.size());
    for (Arrow arrow : arrows) {
      forward.add(
          (int) arrow.from().x(),
          (int) arrow.from().y(),
          (int) arrow.to().x(),
          (int) arrow.to().y());
    }
    int[] outlineX = new int[contour.size()];
    int[] outlineY = new int[contour.size()];
    for (int i = 0; i < outlineX.length; i++) {
      forward.move(contour.x(i), contour.y(i));
      outlineX[i] = forward.movedX;
      outlineY[i] = forward.movedY;
    }
    int[] inside = new int[blob.count()];
    int n = 0;
    for (int at = blob.next(0); at >= 0; at = blob.next(at + 1)) {
      inside[n++] = at;
    }
    int references = Math.min(n, MAX_REFERENCES);
    Displacement backward = new Displacement(references);
    for (int i = 0; i < references; i++) {
      int at = inside[n <= MAX_REFERENCES ? i : spread(i, n)];
      forward.move(at % width, at / width);
      backward.add(forward.movedX, forward.movedY, at % width, at / width);
    }
    RegionMask target = PolygonFill.fill(outlineX, outlineY, width, height);
    for (int at = target.next(0); at >= 0; at = target.next(at + 1)) {
      backward.move(at % width, at / width);
      int x = backward.movedX;
      int y = backward.movedY;
      if (x >= 0 && y >= 0 && x < width && y < height) {
        pairs.add(x, y, at % width, at / width);
      }
    }
  }

  /** Element {@code i} of {@code torch.linspace(0, n - 1, 100)}, truncated. */
  private static int spread(int i, int n) {
    float step = (n - 1) / (float) (MAX_REFERENCES - 1);
    return i < MAX_REFERENCES / 2
        ? (int) (step * i)
        : (int) ((n - 1) - step * (MAX_REFERENCES - 1 - i));
  }

  private static float half(float value) {
    return Float.float16ToFloat(Float.floatToFloat16(value));
  }

  /** Interpolates displacements known at some points, in half precision. */
  private static final class Displacement {
    private final float[] x;
    private final float[] y;
    private final float[] directionX;
    private final float[] directionY;
    private int size;
    private final int[] nearest = new int[NEIGHBOURS];
    private final float[] distance = new float[NEIGHBOURS];
    private final float[] weight = new float[NEIGHBOURS];

    /** Where the last {@link #move} went. */
    int movedX;

    int movedY;

    Displacement(int capacity) {
      x = new float[capacity];
      y = new float[capacity];
      directionX = new float[capacity];
      directionY = new float[capacity];
    }

    void add(int fromX, int fromY, int toX, int toY) {
      x[size] = half(fromX);
      y[size] = half(fromY);
      directionX[size] = half(half(toX) - x[size]);
      directionY[size] = half(half(toY) - y[size]);
      size++;
    }

    void move(int fromX, int fromY) {
      float px = half(fromX);
      float py = half(fromY);
      if (size == 1) {
        movedX = (int) half(px + directionX[0]);
        movedY = (int) half(py + directionY[0]);
        return;
      }
      int k = findNearest(px, py);
      float total = 0;
      for (int i = 0; i < k; i++) {
        weight[i] = half(1 / half(distance[i] + SOFTENING));
        total += weight[i];
      }
      total = half(total);
      float moveX = 0;
      float moveY = 0;
      for (int i = 0; i < k; i++) {
        float share = half(weight[i] / total);
        moveX += half(share * directionX[nearest[i]]);
        moveY += half(share * directionY[nearest[i]]);
      }
      movedX = (int) Math.rint(half(px + half(moveX)));
      movedY = (int) Math.rint(half(py + half(moveY)));
    }

    /** Fills {@link #nearest} by ascending distance, ties by index; returns how many. */
    private int findNearest(float px, float py) {
      int k = 0;
      for (int i = 0; i < size; i++) {
        float dx = half(px - x[i]);
        float dy = half(py - y[i]);
        float d = half((float) Math.sqrt(dx * dx + dy * dy));
        if (k == NEIGHBOURS && d >= distance[k - 1]) {
          continue;
        }
        int at = k < NEIGHBOURS ? k++ : k - 1;
        for (; at > 0 && distance[at - 1] > d; at--) {
          distance[at] = distance[at - 1];
          nearest[at] = nearest[at - 1];
        }
        distance[at] = d;
        nearest[at] = i;
      }
      return k;
    }
  }
}
