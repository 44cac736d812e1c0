package org.drag4j.verify;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.drag4j.method.Methods;

/**
 * How the recorded runs of one editing method are replayed. The adapter of a method {@code Name} is
 * the class {@code NameRecording} of this package, so that a new method touches no list here.
 */
interface MethodRecording {
  /** Stem of the file that holds the runs. */
  String stem();

  /** Files of the method that are not replayed, by name, and what they hold. */
  default Map<String, String> unsupported() {
    return Map.of();
  }

  /** Repeats every run of the file, with the recorded random numbers and from the seed. */
  void check(ParityFile file, Replay replay);

  /** The adapters of all methods, in the order of these. */
  static List<MethodRecording> all() {
    return Methods.classes().stream().map(MethodRecording::of).toList();
  }

  private static MethodRecording of(Class<?> method) {
    String name =
        MethodRecording.class.getPackageName() + "." + method.getSimpleName() + "Recording";
    try {
      return Class.forName(name)
          .asSubclass(MethodRecording.class)
          .getDeclaredConstructor()
          .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s: expected the recording adapter %s, got none; add it",
              method.getSimpleName(),
              name),
          e);
    }
  }
}
