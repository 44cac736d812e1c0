package org.drag4j.method;

import java.util.ArrayList;
import java.util.List;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;

/**
 * What one drag, or one arrow, moves by itself.
 *
 * @param name for people: the drag's, or else its place in the document
 * @param handle latent cells that it moves
 * @param cells pairs of latent cells inside the view; none where it cannot be done
 * @param still whether it can be done and leaves everything where it is
 * @param idle parts of it that have no effect, a line each
 * @param problem why it cannot be done; empty where it can
 */
public record Moved(
    String name,
    RegionMask handle,
    Mapping cells,
    boolean still,
    List<String> idle,
    String problem) {
  public Moved {
    idle = List.copyOf(idle);
  }

  /** What region drags move. */
  static List<Moved> ofRegions(Task task) {
    var all = new ArrayList<Moved>();
    for (var drag : task.parts()) {
      try {
        var idle =
            drag.idle().stream()
                .map(arrow ->
                    arrow + ": starts beside the handle, so it has no effect; start it inside")
                .toList();
        all.add(new Moved(drag.name(), drag.handle(), drag.cells(), drag.isStill(), idle, ""));
      } catch (IllegalArgumentException e) {
        var none = RegionMask.none(task.view().columns(), task.view().rows());
        all.add(
            new Moved(
                drag.name(),
                none,
                Mapping.EMPTY,
                /* still= */ false,
                List.of(),
                String.valueOf(e.getMessage())));
      }
    }
    return all;
  }

  /** The latent cells that it fills. */
  RegionMask targets() {
    return cells.targets(handle.width(), handle.height());
  }
}
