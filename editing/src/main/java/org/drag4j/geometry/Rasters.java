package org.drag4j.geometry;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

/** The pixels of regions, rasterised once for each view; one thread at a time uses them. */
final class Rasters {
  /** Pixels of all rasterised regions that are kept: a bit each. */
  private static final long MAX_KEPT = 1L << 29;

  // By identity: hashing a painted mask costs as much as rasterising an outline.
  private final IdentityHashMap<Area, Map<View, RegionMask>> made = new IdentityHashMap<>();
  private long kept;

  /**
   * The pixels of a region in the image of a view.
   *
   * @throws IllegalArgumentException if none of them lies inside
   */
  RegionMask of(Area area, View view) {
    // Only points are cells of a view's grid; all else is the same under any grid.
    var shown =
        area instanceof Area.Points
            ? view
            : new View(
                view.x(),
                view.y(),
                view.windowWidth(),
                view.windowHeight(),
                view.width(),
                view.height(),
                1,
                1);
    var have = made.getOrDefault(area, Map.of()).get(shown);
    if (have != null) {
      return have;
    }
    var raster = area.in(view).rasterise(view.width(), view.height());
    long pixels = (long) view.width() * view.height();
    if (kept + pixels <= MAX_KEPT) {
      kept += pixels;
      made.computeIfAbsent(area, _ -> new HashMap<>()).put(shown, raster);
    }
    return raster;
  }
}
