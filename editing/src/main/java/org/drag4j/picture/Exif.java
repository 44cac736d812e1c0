package org.drag4j.picture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** The Exif data of a picture: directories of tags in a TIFF structure (CIPA DC-008). */
public final class Exif {
  /** Longer ones are not kept. */
  static final int MAX_BYTES = 1 << 20;

  private static final byte[] PREFIX = "Exif\0\0".getBytes(StandardCharsets.ISO_8859_1);

  private static final int IMAGE_WIDTH = 0x0100;
  private static final int IMAGE_HEIGHT = 0x0101;
  private static final int ORIENTATION = 0x0112;
  private static final int X_RESOLUTION = 0x011a;
  private static final int Y_RESOLUTION = 0x011b;
  private static final int RESOLUTION_UNIT = 0x0128;
  private static final int THUMBNAIL = 0x0201;
  private static final int THUMBNAIL_LENGTH = 0x0202;
  private static final int DIRECTORY = 0x8769;
  private static final int PIXEL_WIDTH = 0xa002;
  private static final int PIXEL_HEIGHT = 0xa003;

  private static final int SHORT = 3;
  private static final int LONG = 4;
  private static final int RATIONAL = 5;
  private static final int CENTIMETRES = 3;

  private static final int HEADER = 8;
  private static final int VERSION = 42;
  private static final int ENTRY = 12;
  private static final int NOWHERE = -1;

  private final byte[] bytes;
  private final ByteBuffer tiff;

  /** Takes ownership of {@code bytes}. */
  private Exif(byte[] bytes, ByteOrder order) {
    this.bytes = bytes;
    tiff = ByteBuffer.wrap(bytes).order(order);
  }

  /** Data behind the name Exif or without it; nothing where they are no TIFF structure. */
  static Optional<Exif> of(byte[] data) {
    boolean named =
        data.length >= PREFIX.length && Arrays.equals(Arrays.copyOf(data, PREFIX.length), PREFIX);
    byte[] tiff = named ? Arrays.copyOfRange(data, PREFIX.length, data.length) : data.clone();
    if (tiff.length < HEADER || tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M')) {
      return Optional.empty();
    }
    var exif = new Exif(tiff, tiff[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    return Optional.of(exif).filter(e -> e.tiff.getShort(2) == VERSION);
  }

  /** A copy of the TIFF structure. */
  public byte[] bytes() {
    return bytes.clone();
  }

  /** How the camera was held; upright where nothing is said. */
  Orientation orientation() {
    int at = find(main(), ORIENTATION);
    return at == NOWHERE || type(at) != SHORT
        ? Orientation.UPRIGHT
        : new Orientation(unsignedShort(at + 8));
  }

  /** The density, where one is said. */
  Optional<Density> density() {
    double x = rational(find(main(), X_RESOLUTION));
    double y = rational(find(main(), Y_RESOLUTION));
    int unit = find(main(), RESOLUTION_UNIT);
    boolean metric =
        unit != NOWHERE && type(unit) == SHORT && unsignedShort(unit + 8) == CENTIMETRES;
    var density = metric ? Density.ofCentimetres(x, y) : Density.ofInches(x, y);
    return Optional.of(density).filter(Density::isKnown);
  }

  /**
   * The same of the upright picture of that size. The small picture of the camera is left out: it
   * would go on showing what was edited away.
   */
  Exif upright(int width, int height) {
    var fresh = new Exif(bytes(), tiff.order()).withoutThumbnail();
    fresh.set(fresh.find(fresh.main(), IMAGE_WIDTH), width);
    fresh.set(fresh.find(fresh.main(), IMAGE_HEIGHT), height);
    int directory = fresh.directory(fresh.find(fresh.main(), DIRECTORY));
    fresh.set(fresh.find(directory, PIXEL_WIDTH), width);
    fresh.set(fresh.find(directory, PIXEL_HEIGHT), height);
    // Last, whatever overlaps what.
    fresh.set(fresh.find(fresh.main(), ORIENTATION), 1);
    return fresh;
  }

  private Exif withoutThumbnail() {
    int link = link();
    int second = link == NOWHERE ? NOWHERE : offset(link);
    if (second == NOWHERE) {
      return this;
    }
    long from = value(find(second, THUMBNAIL));
    long length = value(find(second, THUMBNAIL_LENGTH));
    tiff.putInt(link, 0);
    if (from < HEADER || length < 0 || from + length > tiff.capacity()) {
      return this;
    }
    if (from + length < bytes.length) {
      Arrays.fill(bytes, (int) from, (int) (from + length), (byte) 0);
      return this;
    }
    return new Exif(Arrays.copyOf(bytes, (int) from), tiff.order());
  }

  /** Where the first directory begins. */
  private int main() {
    return offset(4);
  }

  /** Where the offset of the second directory stands, behind the entries of the first. */
  private int link() {
    int main = main();
    if (main == NOWHERE) {
      return NOWHERE;
    }
    long at = main + 2 + (long) unsignedShort(main) * ENTRY;
    return at + 4 <= tiff.capacity() ? (int) at : NOWHERE;
  }

  /** The place of a directory that is named there, if it can be one. */
  private int offset(int at) {
    long offset = Integer.toUnsignedLong(tiff.getInt(at));
    return offset >= HEADER && offset + 2 <= tiff.capacity() ? (int) offset : NOWHERE;
  }

  private int directory(int entry) {
    return entry == NOWHERE || type(entry) != LONG ? NOWHERE : offset(entry + 8);
  }

  /** The entry of a tag; {@link #NOWHERE} where there is none. */
  private int find(int directory, int tag) {
    if (directory == NOWHERE) {
      return NOWHERE;
    }
    int entries = unsignedShort(directory);
    for (int i = 0; i < entries; i++) {
      long at = directory + 2 + (long) i * ENTRY;
      if (at + ENTRY > tiff.capacity()) {
        return NOWHERE;
      }
      if (unsignedShort((int) at) == tag) {
        return (int) at;
      }
    }
    return NOWHERE;
  }

  private int unsignedShort(int at) {
    return Short.toUnsignedInt(tiff.getShort(at));
  }

  private int type(int entry) {
    return unsignedShort(entry + 2);
  }

  /** A whole number; negative where there is none. */
  private long value(int entry) {
    if (entry == NOWHERE) {
      return NOWHERE;
    }
    return switch (type(entry)) {
      case SHORT -> unsignedShort(entry + 8);
      case LONG -> Integer.toUnsignedLong(tiff.getInt(entry + 8));
      default -> NOWHERE;
    };
  }

  private void set(int entry, int value) {
    if (entry == NOWHERE) {
      return;
    }
    switch (type(entry)) {
      case SHORT -> tiff.putShort(entry + 8, (short) value);
      case LONG -> tiff.putInt(entry + 8, value);
      default -> {}
    }
  }

  /** A fraction; 0 where there is none. */
  private double rational(int entry) {
    if (entry == NOWHERE || type(entry) != RATIONAL) {
      return 0;
    }
    long at = Integer.toUnsignedLong(tiff.getInt(entry + 8));
    if (at + 8 > tiff.capacity()) {
      return 0;
    }
    double above = Integer.toUnsignedLong(tiff.getInt((int) at));
    double below = Integer.toUnsignedLong(tiff.getInt((int) at + 4));
    return below == 0 ? 0 : above / below;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Exif that && tiff.equals(that.tiff);
  }

  @Override
  public int hashCode() {
    return tiff.hashCode();
  }

  @Override
  public String toString() {
    return "Exif[" + tiff.capacity() + " bytes]";
  }
}
