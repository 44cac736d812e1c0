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
 * @param colours what it says about colours, where it says something
 * @param samples where it has more bits than are edited
 * @param converted what the pixels lost when they were read, for people
 * @param unkept what else the file carries, and nothing here does, for people
 */
public record PictureMetadata(
    Map<String, String> texts,
    Optional<Exif> exif,
    Optional<Density> density,
    Optional<ColourTag> colours,
    Optional<DeepSamples> samples,
    List<String> converted,
    List<String> unkept) {
  /** What is said of a picture of which 8 bits a sample are left. */
  static final String REDUCED = "reduced from 16 bits a sample to 8";

  /** Of a picture that carries nothing. */
  public static final PictureMetadata NONE =
      new PictureMetadata(
          Map.of(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          List.of(),
          List.of());

  /** Copies the texts and lists. */
  public PictureMetadata {
    texts = Collections.unmodifiableMap(new LinkedHashMap<>(texts));
    converted = List.copyOf(converted);
    unkept = List.copyOf(unkept);
  }

  /** The same of another density. */
  PictureMetadata with(Optional<Density> other) {
    return new PictureMetadata(texts, exif, other, colours, samples, converted, unkept);
  }

  /** The same of the picture turned upright, which is of that size then. */
  PictureMetadata upright(Orientation orientation, int width, int height) {
    return new PictureMetadata(
        texts,
        exif.map(data -> data.upright(width, height)),
        orientation.turns() ? density.map(Density::turned) : density,
        colours,
        samples.map(deep -> deep.upright(orientation)),
        converted,
        unkept);
  }

  /** Texts alone. */
  public static PictureMetadata of(Map<String, String> texts) {
    return NONE.with(texts);
  }

  /** The same with these texts first, each instead of an older one of its keyword. */
  public PictureMetadata with(Map<String, String> more) {
    var all = new LinkedHashMap<>(more);
    texts.forEach(all::putIfAbsent);
    return new PictureMetadata(all, exif, density, colours, samples, converted, unkept);
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
    if (samples.isPresent() && !kept) {
      lost.add(REDUCED);
    }
    if (kept && !unkept.isEmpty()) {
      lost.add("not kept: " + String.join(", ", unkept));
    }
    return lost.isEmpty() ? Optional.empty() : Optional.of(name + ": " + String.join("; ", lost));
  }
}
