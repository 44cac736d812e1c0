package org.drag4j.geometry;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Which drags share a window. */
final class Groups {
  private final List<Group> groups = new ArrayList<>();
  private final int longest;

  /**
   * Drags that share a window.
   *
   * @param bounds of what they touch, as {@link RegionMask#bounds}
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Group(TreeSet<Integer> drags, RegionMask touched, int[] bounds) {
    boolean meets(Group other) {
      return bounds[0] < other.bounds[2]
          && other.bounds[0] < bounds[2]
          && bounds[1] < other.bounds[3]
          && other.bounds[1] < bounds[3]
          && touched.meets(other.touched);
    }

    int[] boundsWith(Group other) {
      return new int[] {
        Math.min(bounds[0], other.bounds[0]),
        Math.min(bounds[1], other.bounds[1]),
        Math.max(bounds[2], other.bounds[2]),
        Math.max(bounds[3], other.bounds[3])
      };
    }

    Group with(Group other) {
      var both = new TreeSet<>(drags);
      both.addAll(other.drags);
      return new Group(both, touched.union(other.touched), boundsWith(other));
    }
  }

  private Groups(List<RegionMask> touched, int longest) {
    this.longest = longest;
    for (int i = 0; i < touched.size(); i++) {
      var pixels = touched.get(i);
      groups.add(new Group(new TreeSet<>(List.of(i)), pixels, pixels.bounds()));
    }
  }

  /**
   * Drags that meet are together, since each takes from the picture as it was; so are those whose
   * common window costs none of them resolution.
   *
   * @param touched where each drag takes something from or fills something, in the picture
   * @param longest the model's own side, in pixels
   * @return numbers of drags, ascending, in the order of the groups' first ones
   */
  static List<List<Integer>> of(List<RegionMask> touched, int longest) {
    var groups = new Groups(touched, longest);
    groups.join(Group::meets);
    groups.join(groups::fit);
    return groups.groups.stream().map(group -> List.copyOf(group.drags())).toList();
  }

  private interface Together {
    boolean test(Group group, Group other);
  }

  /** Joins groups that belong together, until none do. */
  private void join(Together together) {
    boolean joined = true;
    while (joined) {
      joined = false;
      for (int i = 0; i < groups.size(); i++) {
        for (int j = groups.size() - 1; j > i; j--) {
          if (together.test(groups.get(i), groups.get(j))) {
            groups.set(i, groups.get(i).with(groups.remove(j)));
            joined = true;
          }
        }
      }
    }
  }

  private boolean fit(Group group, Group other) {
    return Frame.side(group.boundsWith(other), longest)
        <= Math.min(Frame.side(group.bounds, longest), Frame.side(other.bounds, longest));
  }
}
