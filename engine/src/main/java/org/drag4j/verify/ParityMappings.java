package org.drag4j.verify;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.drag4j.geometry.Arrow;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.Point;
import org.drag4j.geometry.Polygon;
import org.drag4j.geometry.PolygonMapping;
import org.drag4j.geometry.RegionMapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.RegionPairMapping;
import org.drag4j.geometry.RegionPointsMapping;
import org.drag4j.tensor.Shape;

/** The recorded region mappings, pair by pair at both scales. */
record ParityMappings(ParityRows rows) {
  private static final String REGIONS = "regions";
  private static final String IMAGE = "image";
  private static final String PREVIEW = "preview";
  private static final String VERTICES = ".vertices";
  private static final String POINTS = ".points";

  void check(ParityFile file) {
    if (file.has(REGIONS)) {
      regionPairs(file);
    } else if (file.names().stream().anyMatch(n -> n.startsWith("map.") || n.startsWith("rp."))) {
      var _ = rows.present(file, REGIONS, 0);
    }
    for (var prefix : prefixes(file, "poly.")) {
      if (rows.present(file, prefix + VERTICES, 0)) {
        polygons(file, prefix);
      }
    }
    for (var prefix : prefixes(file, "rp.")) {
      if (rows.present(file, prefix + POINTS, 0)) {
        arrows(file, prefix);
      }
    }
  }

  /** {@code poly.NAME} of every tensor {@code poly.NAME.anything}. */
  private static SortedSet<String> prefixes(ParityFile file, String kind) {
    var prefixes = new TreeSet<String>();
    for (var name : file.names()) {
      int end = name.indexOf('.', kind.length());
      if (name.startsWith(kind) && end > 0) {
        prefixes.add(name.substring(0, end));
      }
    }
    return prefixes;
  }

  private void regionPairs(ParityFile file) {
    var shape = file.shape(REGIONS);
    if (!file.hasRank(REGIONS, 4) || shape.dim(1) != 2) {
      throw file.unexpected(REGIONS, "[pairs, 2, H, W]", shape.toString());
    }
    int height = shape.dim(2);
    int width = shape.dim(3);
    List<RegionMapping> drags = new ArrayList<>();
    for (int pair = 0; pair < shape.dim(0); pair++) {
      drags.add(new RegionPairMapping(region(file, pair, 0), region(file, pair, 1)));
    }
    compare(file, "map.pixel", () -> RegionMapping.pixels(drags, width, height));
    compare(file, "map.latent", () -> RegionMapping.cells(drags, width, height));
    if (file.has(PREVIEW) && isPicture(file, width, height)) {
      try {
        var pixels = RegionMapping.pixels(drags, width, height);
        rows.equalPicture(
            file,
            PREVIEW,
            file.shape(IMAGE),
            pixels.copyPixels(file.bytes(IMAGE), width, height, 3));
      } catch (IllegalArgumentException e) {
        rows.fail(file, PREVIEW, 0, String.valueOf(e.getMessage()));
      }
    }
  }

  private static boolean isPicture(ParityFile file, int width, int height) {
    return file.has(IMAGE) && file.shape(IMAGE).equals(Shape.of(height, width, 3));
  }

  private static RegionMask region(ParityFile file, int pair, int side) {
    var shape = file.shape(REGIONS);
    int height = shape.dim(2);
    int width = shape.dim(3);
    int from = (pair * 2 + side) * width * height;
    byte[] mask = Arrays.copyOfRange(file.bytes(REGIONS), from, from + width * height);
    return RegionMask.of(width, height, mask);
  }

  private void polygons(ParityFile file, String prefix) {
    var vertices = prefix + VERTICES;
    var shape = file.shape(vertices);
    if (shape.rank() != 3 || shape.dim(0) != 2 || shape.dim(2) != 2 || !hasSize(file)) {
      throw file.unexpected(vertices, "[2, vertices, 2] and an image", shape.toString());
    }
    int n = shape.dim(1);
    both(
        file,
        prefix,
        () -> {
          var all = points(file, vertices);
          return new PolygonMapping(
              new Polygon(all.subList(0, n)), new Polygon(all.subList(n, 2 * n)));
        });
  }

  private void arrows(ParityFile file, String prefix) {
    var points = prefix + POINTS;
    var shape = file.shape(points);
    if (shape.rank() != 2
        || shape.dim(0) % 2 != 0
        || shape.dim(1) != 2
        || !file.hasRank(REGIONS, 4)) {
      throw file.unexpected(
          points, "[2 a arrow, 2] and the handle in " + REGIONS, shape.toString());
    }
    both(
        file,
        prefix,
        () -> {
          var all = points(file, points);
          var arrows = new ArrayList<Arrow>();
          for (int i = 0; i < all.size(); i += 2) {
            arrows.add(new Arrow(all.get(i), all.get(i + 1)));
          }
          return new RegionPointsMapping(region(file, 0, 0), arrows);
        });
  }

  private static List<Point> points(ParityFile file, String tensor) {
    int[] flat = file.ints(tensor);
    var points = new ArrayList<Point>();
    for (int i = 0; i < flat.length; i += 2) {
      points.add(new Point(flat[i], flat[i + 1]));
    }
    return points;
  }

  private static boolean hasSize(ParityFile file) {
    return file.hasRank(IMAGE, 3) || file.hasRank(REGIONS, 4);
  }

  private void both(ParityFile file, String prefix, Supplier<RegionMapping> drag) {
    boolean picture = file.hasRank(IMAGE, 3);
    var size = file.shape(picture ? IMAGE : REGIONS);
    int height = size.dim(picture ? 0 : 2);
    int width = size.dim(picture ? 1 : 3);
    compare(file, prefix + ".pixel", () -> drag.get().pixels(width, height));
    compare(file, prefix + ".latent", () -> drag.get().cells(width, height));
  }

  private void compare(ParityFile file, String prefix, Supplier<Mapping> mapping) {
    var source = prefix + ".source";
    var target = prefix + ".target";
    Mapping m;
    try {
      m = mapping.get();
    } catch (IllegalArgumentException e) {
      rows.fail(file, source, 0, String.valueOf(e.getMessage()));
      rows.fail(file, target, 0, String.valueOf(e.getMessage()));
      return;
    }
    int[] sources = new int[2 * m.size()];
    int[] targets = new int[2 * m.size()];
    for (int i = 0; i < m.size(); i++) {
      sources[2 * i] = m.sourceX(i);
      sources[2 * i + 1] = m.sourceY(i);
      targets[2 * i] = m.targetX(i);
      targets[2 * i + 1] = m.targetY(i);
    }
    var shape = Shape.of(m.size(), 2);
    rows.equal(file, source, shape, sources);
    rows.equal(file, target, shape, targets);
  }
}
