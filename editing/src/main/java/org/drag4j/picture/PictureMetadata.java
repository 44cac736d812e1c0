package org.drag4j.picture;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a picture's file carries beside its pixels.
 *
 * @param texts of a PNG, by keyword
 * @param exif data of the camera, their orientation normal
 * @param converted what the pixels lost when they were read, for people
 * @param unkept what else the file carries, and nothing here does, for people
 */
public record PictureMetadata(
    Map<String, String> texts,
    Optional<Exif> exif,
    Optional<Density> density,
    List<String> converted,
    List<String> unkept) {
  /** Of a picture that carries nothing. */
  public static final PictureMetadata NONE =
      new PictureMetadata(Map.of(), Optional.empty(), Optional.empty(), List.of(), List.of());

  /** Copies the texts and lists. */
  public PictureMetadata {
    texts = Collections.unmodifiableMap(new LinkedHashMap<>(texts));
    converted = List.copyOf(converted);
    unkept = List.copyOf(unkept);
  }

  /** Texts alone. */
  public static PictureMetadata of(Map<String, String> texts) {
    return NONE.with(texts);
  }

  /** The same with these texts first, each instead of an older one of its keyword. */
  public PictureMetadata with(Map<String, String> more) {
    var all = new LinkedHashMap<>(more);
    texts.forEach(all::putIfAbsent);
    return new PictureMetadata(all, exif, density, converted, unkept);
  }

  /**
   * What a file that is made of the picture does not have any more, in one line; nothing where it
   * has all.
   *
   * @param name of the picture's file
   * @param kept whether the file that is made carries what can be kept
   */
  public Optional<String> loss(String name, boolean kept) {
    var lost = new ArrayList<>(converted);
    if (kept && !unkept.isEmpty()) {
      lost.add("not kept: " + String.join(", ", unkept));
    }
    return lost.isEmpty() ? Optional.empty() : Optional.of(name + ": " + String.join("; ", lost));
  }
}
