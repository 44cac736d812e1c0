package org.drag4j.cache;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** A digest of kernels' code, so that measurements of other code are not taken for theirs. */
public final class SourceDigest {
  private SourceDigest() {}

  /**
   * Of files beside a class, and of the code of classes with those nested in them and the permitted
   * subclasses of both.
   *
   * @param beside a class of the package that holds the files
   * @throws IllegalStateException where there is no such file
   */
  public static String of(Class<?> beside, List<String> files, List<Class<?>> classes) {
    var names = new TreeSet<String>(files);
    classes.forEach(c -> addTo(names, c));
    var digest = Sha256.start();
    for (var name : names) {
      try (var in = beside.getResourceAsStream(name)) {
        if (in == null) {
          throw new IllegalStateException(name + ": expected beside " + beside + ", got none");
        }
        digest.update(in.readAllBytes());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void addTo(Set<String> names, Class<?> c) {
    String name = c.getName();
    if (names.add(name.substring(name.lastIndexOf('.') + 1) + ".class")) {
      for (var nested : c.getDeclaredClasses()) {
        addTo(names, nested);
      }
      if (c.isSealed()) {
        for (var permitted : c.getPermittedSubclasses()) {
          addTo(names, permitted);
        }
      }
    }
  }
}
