package org.drag4j.graph;

/**
 * Address of an exposed value: module path and kind, and the network call where a graph holds
 * several. Prints as {@code path#kind} or {@code call/path#kind}.
 *
 * @param call empty in a graph of one network call
 */
public record Site(SiteKind kind, String path, String call) {
  /** A site of the only call. */
  public Site(SiteKind kind, String path) {
    this(kind, path, "");
  }

  /** This site in a call of that name. */
  public Site in(String name) {
    return new Site(kind, path, name);
  }

  /** Whether this is a key or value of a self-attention. */
  public boolean isSelfKeyOrValue() {
    return kind == SiteKind.SELF_KEY || kind == SiteKind.SELF_VALUE;
  }

  @Override
  public String toString() {
    return (call.isEmpty() ? "" : call + "/") + path + "#" + kind;
  }
}
