package org.drag4j.graph;

import java.util.Locale;

/** The role of an exposed value in the module at its path. */
public enum SiteKind {
  /** What the module returns. */
  OUTPUT,
  SELF_KEY,
  SELF_VALUE,
  CROSS_KEY,
  CROSS_VALUE;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
