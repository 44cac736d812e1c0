package org.drag4j.cache;

import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The folder for files that take long to make again. */
public final class CacheFolder {
  /** The environment's variable that names another folder. */
  public static final String VARIABLE = "DRAG4J_CACHE";

  private CacheFolder() {}

  /** Reads a variable of the environment. */
  @FunctionalInterface
  public interface Environment {
    @Nullable String get(String name);
  }

  /** The user's cache folder: the one that {@link #VARIABLE} names, or else the system's. */
  public static Path ofUser() {
    return of(
        System.getProperty("os.name", ""),
        Path.of(System.getProperty("user.home", "")),
        System::getenv);
  }

  /**
   * The same on a system of this name.
   *
   * @param system as the property {@code os.name} has it
   */
  public static Path of(String system, Path home, Environment environment) {
    var own = environment.get(VARIABLE);
    if (own != null && !own.isEmpty()) {
      return Path.of(own);
    }
    var name = system.toLowerCase(Locale.ROOT);
    if (name.contains("mac")) {
      return home.resolve("Library").resolve("Caches").resolve("drag4j");
    }
    var base = environment.get(name.contains("win") ? "LOCALAPPDATA" : "XDG_CACHE_HOME");
    var folder =
        base == null || !Path.of(base).isAbsolute() ? home.resolve(".cache") : Path.of(base);
    return folder.resolve("drag4j");
  }
}
